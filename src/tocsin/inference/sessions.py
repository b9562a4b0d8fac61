"""A model that runs: ONNX Runtime, or OpenVINO where one asks for it. Both are loaded only when used."""

import importlib
from collections.abc import Sequence
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.detected import Floats
from tocsin.model import ConfigError

Backend = Literal["onnxruntime", "openvino"]

_GET = {"openvino": "pip install 'tocsin[openvino]'"}


class Session(Protocol):
    """Runs a batch of pictures through a model."""

    def run(self, batch: Floats) -> list[NDArray[Any]]:
        """The outputs for (picture, channel, height, width), each with the pictures first."""
        ...


def needed(module: str) -> Any:  # noqa: ANN401  # a module without types
    """A module that the light core does not bring; raises ConfigError that says what to install."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        get = _GET.get(module, "pip install 'tocsin[vision]'")
        raise ConfigError(f"Pictures need {module}, which is not installed: {get}.") from error


def session(model: bytes, backend: str = "onnxruntime", *, threads: int = 1) -> Session:
    """Open a model from its bytes; raises ConfigError where the backend is unknown, absent or cannot read it."""
    if threads < 1:
        raise ConfigError(f"A model runs on 1 thread or more, not on {threads}.")
    if backend == "onnxruntime":
        return _OnnxRuntime(model, threads)
    if backend == "openvino":
        return _OpenVino(model, threads)
    raise ConfigError(f"There is no backend {backend!r} for models: choose onnxruntime or openvino.")


class _OnnxRuntime:
    def __init__(self, model: bytes, threads: int) -> None:
        runtime = needed("onnxruntime")
        self._faults = _faults(needed("onnxruntime.capi.onnxruntime_pybind11_state"))
        options = runtime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 4  # what goes wrong is told by the error
        options.add_session_config_entry(
            "session.intra_op.allow_spinning", "0"
        )  # idle threads leave the core to others
        try:
            self._session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except self._faults as error:
            raise ConfigError(f"ONNX Runtime cannot read this model: {_first_line(error)}") from error
        self._input = self._session.get_inputs()[0].name

    def run(self, batch: Floats) -> list[NDArray[Any]]:
        """See Session."""
        try:
            outputs: Sequence[Any] = self._session.run(None, {self._input: batch})
        except self._faults as error:
            raise ConfigError(f"The model cannot take {batch.shape}: {_first_line(error)}") from error
        return [np.asarray(one) for one in outputs]


class _OpenVino:
    def __init__(self, model: bytes, threads: int) -> None:
        runtime = needed("openvino")
        hints = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
        try:
            core = runtime.Core()
            self._model = core.compile_model(core.read_model(model, b""), "CPU", hints)
        except (RuntimeError, ValueError, TypeError) as error:
            raise ConfigError(f"OpenVINO cannot read this model: {_first_line(error)}") from error

    def run(self, batch: Floats) -> list[NDArray[Any]]:
        """See Session."""
        try:
            made = self._model([batch])
        except (RuntimeError, ValueError, TypeError) as error:
            raise ConfigError(f"The model cannot take {batch.shape}: {_first_line(error)}") from error
        return [np.asarray(made[number]).copy() for number in range(len(self._model.outputs))]


def _faults(module: Any) -> tuple[type[Exception], ...]:  # noqa: ANN401  # as above
    """ONNX Runtime's errors have no base class of their own."""
    own = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, Exception)]
    return (RuntimeError, ValueError, TypeError, *own)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
