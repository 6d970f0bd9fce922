"""Kernels as the Python functions they are compiled from: what coverage sees, and a second opinion."""


def without_jit(monkeypatch, *modules):
    """Replace every kernel named in the modules by its Python function."""
    for module in modules:
        for name, value in list(vars(module).items()):
            if hasattr(value, "py_func"):
                monkeypatch.setattr(module, name, value.py_func)
