"""What is checked and what stands out: rules over tables, exceptions for planners, reference pages from the contracts."""
