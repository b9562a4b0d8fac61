"""A model of one's own is tried apart, and joins the registry only when it is what was said about it."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.inference.conftest import constant_model, yolov8_rows
from tocsin.inference.adding import Wanted, add
from tocsin.inference.cards import read_card
from tocsin.inference.checking import verdict
from tocsin.inference.examining import examine
from tocsin.inference.opening import open_detector, open_faces
from tocsin.model import ConfigError, Refused

BOX = (32, 32, 20, 10, 1, 0.9)
MINE = Wanted(name="mine", decoder="yolov8", classes=("knife", "gun"), input={"std": (255, 255, 255)})


def added(path, *, accepted=False, **changes):
    return add(
        examine(path), Wanted(**{**{f: getattr(MINE, f) for f in MINE.__struct_fields__}, **changes}), accepted=accepted
    )


def test_what_was_added_opens_by_its_name_and_finds(onnx_file, models):
    added(onnx_file([yolov8_rows([BOX], 2)]))
    detector = open_detector("mine")
    (found,) = detector.detect([np.zeros((128, 128, 3), np.uint8)], score_min=0.5)
    assert found.boxes.round(3).tolist() == [[44.0, 54.0, 84.0, 74.0]]
    assert [detector.names[which] for which in found.classes] == ["gun"]


def test_the_card_that_was_written_reads_back(onnx_file, models):
    card = added(onnx_file([yolov8_rows([BOX], 2)]))
    assert read_card(models / "mine.toml") == card
    assert verdict(card).state == "good"


def test_a_licence_inside_the_file_must_be_accepted(onnx_file, models):
    path = onnx_file([yolov8_rows([BOX], 2)], words={"license": "AGPL-3.0 (https://example.org)"})
    with pytest.raises(Refused, match=r"AGPL-3\.0"):
        added(path)
    assert not models.exists()
    assert "AGPL-3.0" in added(path, accepted=True).licence.notice


def test_a_file_that_was_changed_after_adding_is_not_opened(onnx_file, models):
    added(onnx_file([yolov8_rows([BOX], 2)]))
    onnx.save(constant_model([yolov8_rows([], 2)]), models / "mine.onnx")
    with pytest.raises(ConfigError, match="not what its card says"):
        open_detector("mine")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": ("knife",)}, "decoder yolov8 with 1 classes"),
        ({"decoder": "detr"}, "decoder detr"),
        ({"decoder": "tea-leaves"}, "tea-leaves"),
        ({"name": "../up"}, "name"),
        ({"name": "nanodet"}, "ships"),
        ({"classes": ()}, "classes"),
        ({"input": {"width": 640}}, "only pictures with a width of 64"),
        ({"input": {"mean": (1.0,)}}, "mean"),
        ({"output": {"iou": 7}}, "iou"),
    ],
)
def test_what_was_said_wrongly_is_told_and_leaves_nothing(onnx_file, models, changes, message):
    with pytest.raises(ConfigError, match=message):
        added(onnx_file([yolov8_rows([BOX], 2)]), **changes)
    assert not models.exists() or list(models.iterdir()) == []


def test_a_wrong_number_of_outputs_is_told(onnx_file, models):
    with pytest.raises(ConfigError, match="one output"):
        added(onnx_file([yolov8_rows([BOX], 2)] * 2))


def hungry():
    """A model that asks for a terabyte while it is loaded."""
    model = constant_model([yolov8_rows([], 2)])
    model.graph.initializer.append(numpy_helper.from_array(np.array([2**20, 2**18], np.int64), "shape"))
    model.graph.node.insert(0, helper.make_node("ConstantOfShape", ["shape"], ["waste"]))
    model.graph.node.append(helper.make_node("ReduceMean", ["waste"], ["little"], keepdims=0))
    model.graph.output.append(helper.make_tensor_value_info("little", TensorProto.FLOAT, []))
    return model


def test_a_model_that_eats_the_memory_breaks_only_its_trial(tmp_path, models):
    onnx.save(hungry(), tmp_path / "hungry.onnx")
    with pytest.raises(ConfigError, match=r"cannot|broke"):
        added(tmp_path / "hungry.onnx")


def test_operators_that_nobody_knows_are_told(tmp_path, models):
    model = constant_model([yolov8_rows([], 2)])
    model.graph.node[0].domain = "com.example"
    model.opset_import.append(helper.make_opsetid("com.example", 1))
    onnx.save(model, tmp_path / "odd.onnx")
    with pytest.raises(ConfigError, match="cannot read this model"):
        added(tmp_path / "odd.onnx")


def test_a_detector_of_things_is_no_detector_of_faces(onnx_file, models):
    added(onnx_file([yolov8_rows([BOX], 2)]))
    with pytest.raises(ConfigError, match="finds objects"):
        open_faces("mine")
