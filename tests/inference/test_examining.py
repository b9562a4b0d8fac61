"""A model that somebody brings is read without trusting it, and every fault is a clear error."""

import pickle

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.inference.conftest import constant_model
from tocsin.inference.examining import examine
from tocsin.model import ConfigError

ROWS = np.zeros((6, 84), np.float32)


def away(path, location, **more):
    """The model with one weight said to lie in another file."""
    model = onnx.load(path, load_external_data=False)
    tensor = model.graph.initializer[1]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **more}.items():
        entry = tensor.external_data.add()
        entry.key, entry.value = key, str(value)
    path.write_bytes(model.SerializeToString())
    return path


def test_a_sound_model_tells_its_size_and_its_words(onnx_file):
    found = examine(onnx_file([ROWS], words={"author": "Anna", "license": "AGPL-3.0 License"}))
    assert found.size == (64, 64)
    assert found.words == {"author": "Anna", "license": "AGPL-3.0 License"}
    assert found.licences == ("license: AGPL-3.0 License",)


def test_weights_beside_the_model_are_gathered_into_it(onnx_file):
    path = away(onnx_file([ROWS]), "weights.bin", offset=0, length=ROWS.nbytes)
    (path.parent / "weights.bin").write_bytes(np.full_like(ROWS, 7).tobytes())
    model = onnx.load_model_from_string(examine(path).content)
    assert (numpy_helper.to_array(model.graph.initializer[1]) == 7).all()


@pytest.mark.parametrize("location", ["../weights.bin", "/etc/hostname", "", "deep/../../weights.bin"])
def test_weights_outside_the_folder_are_refused(onnx_file, location):
    path = away(onnx_file([ROWS]), location)
    (path.parent.parent / "weights.bin").write_bytes(ROWS.tobytes())
    with pytest.raises(ConfigError, match="outside its own folder"):
        examine(path)


def test_a_link_that_leads_outside_is_refused(onnx_file, tmp_path_factory):
    path = away(onnx_file([ROWS]), "weights.bin")
    secret = tmp_path_factory.mktemp("other") / "secret"
    secret.write_bytes(ROWS.tobytes())
    (path.parent / "weights.bin").symlink_to(secret)
    with pytest.raises(ConfigError, match="outside its own folder"):
        examine(path)


@pytest.mark.parametrize("more", [{}, {"offset": 10, "length": 10**12}, {"offset": -5}, {"length": "x"}])
def test_weights_that_are_absent_or_too_short_are_told(onnx_file, more):
    path = away(onnx_file([ROWS]), "weights.bin", **more)
    if more:
        (path.parent / "weights.bin").write_bytes(b"short")
    with pytest.raises(ConfigError):
        examine(path)


@pytest.mark.parametrize("content", [b"", b"\xff" * 500, b"hello", b"\x08\x08"])
def test_what_is_no_onnx_is_told(tmp_path, content):
    (tmp_path / "odd.onnx").write_bytes(content)
    with pytest.raises(ConfigError, match=r"odd\.onnx"):
        examine(tmp_path / "odd.onnx")


def test_a_cut_file_is_told(onnx_file):
    path = onnx_file([ROWS])
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(ConfigError, match="no"):
        examine(path)


class Harm:
    def __reduce__(self):
        return print, ("this must never be printed",)


def test_a_checkpoint_is_never_unpickled(tmp_path, capsys):
    (tmp_path / "best.pt").write_bytes(pickle.dumps(Harm()))
    with pytest.raises(ConfigError, match="run code when they are opened"):
        examine(tmp_path / "best.pt")
    assert capsys.readouterr().out == ""


def test_a_folder_and_a_file_that_is_not_there_are_told(tmp_path):
    for path in (tmp_path, tmp_path / "gone.onnx"):
        with pytest.raises(ConfigError):
            examine(path)


@pytest.mark.parametrize(
    "shape",
    [{"batch": 7}, {"colours": 4}, {"side": 5}, {"side": 2**40}, {"side": -3}],
    ids=["batch", "colours", "tiny", "huge", "negative"],
)
def test_an_input_that_is_no_picture_is_told(onnx_file, shape):
    with pytest.raises(ConfigError):
        examine(onnx_file([ROWS], **shape))


def test_weights_that_claim_an_absurd_shape_are_told(onnx_file):
    path = onnx_file([ROWS])
    model = onnx.load(path)
    model.graph.initializer[1].dims[:] = [2**40, 2**40]
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ConfigError, match="claim the shape"):
        examine(path)


def test_graphs_nested_without_end_are_told(tmp_path):
    model = constant_model([ROWS])
    for _ in range(12):
        inner = helper.make_graph([], "inner", [], [])
        inner.CopyFrom(model.graph)
        node = helper.make_node("If", ["zero"], ["x"])
        node.attribute.append(helper.make_attribute("then_branch", inner))
        del model.graph.node[:]
        model.graph.node.append(node)
    (tmp_path / "deep.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ConfigError, match="deep"):
        examine(tmp_path / "deep.onnx")


def test_two_inputs_are_told(onnx_file):
    path = onnx_file([ROWS])
    model = onnx.load(path)
    model.graph.input.append(helper.make_tensor_value_info("other", TensorProto.FLOAT, [1]))
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ConfigError, match="2 inputs"):
        examine(path)
