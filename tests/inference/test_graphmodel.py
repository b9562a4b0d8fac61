"""TF.js graphs become ONNX that calculates the same as TensorFlow's definitions, written out in NumPy here."""

import base64
import json

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.inference.graphmodel.converting import convert
from tocsin.inference.graphmodel.reading import read_graph_model
from tocsin.model import ConfigError

RANDOM = np.random.default_rng(5)
SIZE = (9, 12)
PICTURES = RANDOM.normal(size=(2, *SIZE, 3)).astype(np.float32)


class Graph:
    """A TF.js graph in the making."""

    def __init__(self, first="Placeholder", shape=(1, *SIZE, 3)):
        dims = [{"size": str(length)} for length in shape]
        self.nodes = [{"op": first, "name": "picture", "attr": {"shape": {"shape": {"dim": dims}}}}]
        self.weights, self.binary = [], b""

    def const(self, array):
        array = np.asarray(array)
        name = f"const{len(self.nodes)}"
        self.nodes.append({"op": "Const", "name": name})
        self.weights.append({"name": name, "shape": list(array.shape), "dtype": str(array.dtype)})
        self.binary += array.tobytes()
        return name

    def node(self, op, *inputs, **attributes):
        name = f"{op}{len(self.nodes)}"
        self.nodes.append({"op": op, "name": name, "input": list(inputs), "attr": attributes})
        return name

    def model(self, *outputs):
        document = {
            "modelTopology": {"node": self.nodes},
            "weightsManifest": [{"weights": self.weights}],
            "signature": {"outputs": {name: {"name": name} for name in outputs}},
        }
        return read_graph_model(json.dumps(document).encode(), self.binary)

    def run(self, *outputs, size=SIZE, pictures=PICTURES):
        content = convert(self.model(*outputs), size).SerializeToString()
        running = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
        return running.run(None, {"input": np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))})


def word(text):
    return {"s": base64.b64encode(text.encode()).decode()}


def words(*texts):
    return {"list": {"s": [base64.b64encode(text.encode()).decode() for text in texts]}}


def numbers(*values):
    return {"list": {"i": [str(value) for value in values]}}


def i32(*values):
    return np.array(values, np.int32)


def windows(pictures, window, steps, padding, fill=0.0):
    """(batch, rows, columns, height, width, channel) as TensorFlow cuts them."""
    margins = [(0, 0)]
    for length, part, step in zip(pictures.shape[1:3], window, steps, strict=True):
        missing = max((-(-length // step) - 1) * step + part - length, 0) if padding == "SAME" else 0
        margins.append((missing // 2, missing - missing // 2))
    padded = np.pad(pictures, [*margins, (0, 0)], constant_values=fill)
    cut = np.lib.stride_tricks.sliding_window_view(padded, window, (1, 2))
    return cut[:, :: steps[0], :: steps[1]].transpose(0, 1, 2, 4, 5, 3)


KERNELS = st.tuples(st.integers(1, 3), st.integers(1, 3))
STEPS = st.tuples(st.integers(1, 2), st.integers(1, 2))
PADDINGS = st.sampled_from(["SAME", "VALID"])


@settings(max_examples=20)
@given(kernel=KERNELS, steps=STEPS, padding=PADDINGS)
def test_convolution_with_bias_and_activation(kernel, steps, padding):
    weights, bias = RANDOM.normal(size=(*kernel, 3, 4)).astype(np.float32), np.arange(4, dtype=np.float32)
    graph = Graph()
    named = ("picture", graph.const(weights), graph.const(bias))
    more = {"strides": numbers(1, *steps, 1), "padding": word(padding), "fused_ops": words("BiasAdd", "Relu6")}
    (made,) = graph.run(graph.node("_FusedConv2D", *named, **more))
    wanted = np.einsum("bijhwc,hwco->bijo", windows(PICTURES, kernel, steps, padding), weights) + bias
    assert made == pytest.approx(np.clip(wanted, 0, 6), abs=1e-4)


@settings(max_examples=20)
@given(kernel=KERNELS, steps=STEPS, padding=PADDINGS)
def test_depthwise_convolution_keeps_channels_apart(kernel, steps, padding):
    weights = RANDOM.normal(size=(*kernel, 3, 2)).astype(np.float32)
    graph = Graph()
    more = {"strides": numbers(1, *steps, 1), "padding": word(padding)}
    (made,) = graph.run(graph.node("DepthwiseConv2dNative", "picture", graph.const(weights), **more))
    wanted = np.einsum("bijhwc,hwcm->bijcm", windows(PICTURES, kernel, steps, padding), weights)
    assert made == pytest.approx(wanted.reshape(*wanted.shape[:3], 6), abs=1e-4)


@settings(max_examples=10)
@given(window=KERNELS, steps=STEPS, padding=PADDINGS)
def test_pooling_never_sees_the_margin(window, steps, padding):
    more = {"ksize": numbers(1, *window, 1), "strides": numbers(1, *steps, 1), "padding": word(padding)}
    graph = Graph()
    (made,) = graph.run(graph.node("MaxPool", "picture", **more))
    assert made == pytest.approx(windows(PICTURES, window, steps, padding, fill=-1e9).max((3, 4)))


def test_transposes_of_a_graph_that_was_once_channel_first_cost_nothing():
    graph = Graph(shape=(1, 3, *SIZE))
    last = graph.node("Transpose", "picture", graph.const(i32(0, 2, 3, 1)))
    kernel = graph.const(np.ones((1, 1, 3, 2), np.float32))
    conv = graph.node("Conv2D", last, kernel, strides=numbers(1, 1, 1, 1), padding=word("SAME"))
    first = graph.node("Transpose", conv, graph.const(i32(0, 3, 1, 2)))
    kinds = [node.op_type for node in convert(graph.model(first), SIZE).graph.node]
    assert kinds == ["Conv", "Identity"]
    assert graph.run(first)[0] == pytest.approx(np.repeat(PICTURES.sum(-1)[:, None], 2, 1), abs=1e-5)


def pads():
    graph = Graph()
    margins = graph.const(np.array([[0, 0], [1, 2], [0, 3], [0, 1]], np.int32))
    name = graph.node("PadV2", "picture", margins, graph.const(np.float32(-7)))
    return graph, name, np.pad(PICTURES, ((0, 0), (1, 2), (0, 3), (0, 1)), constant_values=-7)


def resized():
    graph = Graph()
    more = {"half_pixel_centers": {"b": True}}
    name = graph.node("ResizeBilinear", "picture", graph.const(i32(18, 24)), **more)
    y = np.clip((np.arange(18) + 0.5) / 2 - 0.5, 0, 8)
    x = np.clip((np.arange(24) + 0.5) / 2 - 0.5, 0, 11)
    down, right = y.astype(int), x.astype(int)
    tall = (
        PICTURES[:, down] * (1 - y + down)[:, None, None]
        + PICTURES[:, np.minimum(down + 1, 8)] * (y - down)[:, None, None]
    )
    part = (x - right)[:, None]
    return graph, name, tall[:, :, right] * (1 - part) + tall[:, :, np.minimum(right + 1, 11)] * part


def split():
    graph = Graph()
    parts = graph.node("SplitV", "picture", graph.const(i32(1, 2)), graph.const(np.int32(-1)), num_split={"i": "2"})
    joined = graph.node("ConcatV2", f"{parts}:1", parts, graph.const(np.int32(3)))
    return graph, joined, PICTURES[..., [1, 2, 0]]


def blocks():
    graph = Graph()
    kernel = RANDOM.normal(size=(1, 1, 3, 8)).astype(np.float32)
    conv = graph.node("Conv2D", "picture", graph.const(kernel), strides=numbers(1, 1, 1, 1), padding=word("SAME"))
    deep = (PICTURES @ kernel[0, 0]).reshape(2, 9, 12, 2, 2, 2)
    wanted = deep.transpose(0, 1, 3, 2, 4, 5).reshape(2, 18, 24, 2)
    return graph, graph.node("DepthToSpace", conv, block_size={"i": "2"}), wanted


def scaled():
    graph = Graph()
    less = graph.node("Sub", "picture", graph.const(np.float32([1, 2, 3])))
    leaky = graph.node("LeakyRelu", less, alpha={"f": 0.1})
    shifted = PICTURES - np.float32([1, 2, 3])
    return graph, graph.node("Softmax", leaky), softmax(np.where(shifted > 0, shifted, 0.1 * shifted))


def softmax(values):
    powers = np.exp(values)
    return powers / powers.sum(-1, keepdims=True)


def averaged():
    graph = Graph()
    mean = graph.node("Mean", "picture", graph.const(i32(1, 2)), keep_dims={"b": True})
    return graph, graph.node("Mul", "picture", mean), PICTURES * PICTURES.mean((1, 2), keepdims=True)


def flattened():
    """The shape is computed in the graph, as Keras does it."""
    graph = Graph()
    places = [graph.const(i32(one)) for one in (0, 1, 1)]
    batch = graph.node("StridedSlice", graph.node("Shape", "picture"), *places, shrink_axis_mask={"i": "1"})
    shape = graph.node("Pack", batch, graph.const(np.int32(-1)), graph.const(np.int32(3)), axis={"i": "0"})
    return graph, graph.node("Reshape", "picture", shape), PICTURES.reshape(2, 108, 3)


@pytest.mark.parametrize(
    "made", [pads, resized, split, blocks, scaled, averaged, flattened], ids=lambda one: one.__name__
)
def test_an_operator_does_as_tensorflow_defines_it(made):
    graph, name, wanted = made()
    (found,) = graph.run(name)
    assert found.shape == wanted.shape
    assert found == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize(("kind", "itemsize"), [("float16", 2), ("uint8", 1)])
def test_weights_that_were_stored_smaller_become_floats(kind, itemsize):
    kept = {"dtype": kind} if kind == "float16" else {"dtype": kind, "scale": 0.5, "min": -3.0}
    row = {"name": "w", "shape": [2], "dtype": "float32", "quantization": kept}
    document = {"modelTopology": {"node": []}, "weightsManifest": [{"weights": [row]}], "signature": {"outputs": {}}}
    model = read_graph_model(json.dumps(document).encode(), np.array([4, 6]).astype(kind).tobytes())
    assert model.weights["w"].tolist() == ([4, 6] if kind == "float16" else [-1, 0])


def sorcery():
    graph = Graph()
    return graph.model(graph.node("Sorcery", "picture"))


def alone():
    graph = Graph()
    return graph.model(graph.const(np.float32(1)))


def circle():
    graph = Graph()
    graph.nodes += [{"op": "Add", "name": "a", "input": ["b", "picture"]}, {"op": "Relu", "name": "b", "input": ["a"]}]
    return graph.model("a")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (circle, "circle"),
        (lambda: Graph().model("absent"), "no node 'absent'"),
        (sorcery, "Sorcery is not known"),
        (alone, "does not depend"),
        (lambda: Graph(first="Const").model("picture"), "0 inputs"),
        (lambda: Graph(shape=(1, 5, 5, 3)).model("picture"), "takes pictures of"),
    ],
)
def test_what_cannot_be_converted_is_told(model, message):
    with pytest.raises(ConfigError, match=message):
        convert(model(), SIZE)


@pytest.mark.parametrize("document", [b"", b"[]", b'{"modelTopology": 3}', b'{"modelTopology": {"node": []}}'])
def test_what_is_no_graph_model_is_told(document):
    with pytest.raises(ConfigError, match=r"no TF\.js graph model"):
        read_graph_model(document, b"")


def test_weights_that_end_too_early_are_told():
    graph = Graph()
    graph.const(np.zeros(5, np.float32))
    graph.binary = graph.binary[:-1]
    with pytest.raises(ConfigError, match=r"no TF\.js graph model"):
        graph.model()
