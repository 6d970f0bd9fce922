"""Black-box integer optimisers behind one ask/tell interface."""
