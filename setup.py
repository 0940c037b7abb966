"""What `pyproject.toml` cannot say about the build: the compiled kernel, and where presets lie.

The kernel is optional. Where it does not compile, `pip install` goes on without it, and `mlp`
learns by NumPy. It uses CPython's limited API of 3.11, so one wheel serves all later versions.
Free-threaded Python has no such API; there the kernel is left out.
"""

import sys
import sysconfig

from setuptools import Extension, find_packages, setup

has_limited_api = not sysconfig.get_config_var("Py_GIL_DISABLED")

kernel = Extension(
    "mlp_cli.learning._kernel",
    sources=["mlp_cli/learning/_kernel.c"],
    depends=["mlp_cli/learning/_kernel_passes.h", "mlp_cli/learning/_kernel_processors.h"],
    extra_compile_args=[] if sys.platform == "win32" else ["-O3"],  # MSVC's default is its most
    define_macros=[("Py_LIMITED_API", "0x030B0000")],
    py_limited_api=True,
    optional=True,
)

setup(
    packages=[*find_packages(include=["mlp_cli", "mlp_cli.*"]), "mlp_cli.configs"],
    package_dir={"mlp_cli.configs": "configs"},
    ext_modules=[kernel] if has_limited_api else [],
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if has_limited_api else {},
)
