"""Which decoder reads the outputs of which model."""

from collections.abc import Callable, Mapping

from tocsin.inference.cards import ModelCard
from tocsin.inference.decoders import Decoder
from tocsin.inference.decoders.blazeface import Blazeface
from tocsin.inference.decoders.centernet import Centernet
from tocsin.inference.decoders.centernet_sides import CenternetSides
from tocsin.inference.decoders.detr import Detr
from tocsin.inference.decoders.movenet import Movenet
from tocsin.inference.decoders.nanodet import Nanodet
from tocsin.inference.decoders.yolov8 import Yolov8
from tocsin.inference.decoders.yolox import Yolox

_MADE: Mapping[str, Callable[[ModelCard], Decoder]] = {
    "blazeface": lambda card: Blazeface(strides=card.output.strides, anchors=card.output.anchors),
    "centernet": lambda card: Centernet(classes=len(card.classes), stride=card.output.strides[0]),
    "centernet-sides": lambda card: CenternetSides(classes=len(card.classes), stride=card.output.strides[0]),
    "detr": lambda card: Detr(classes=len(card.classes)),
    "movenet": lambda card: Movenet(stride=card.output.strides[0]),
    "nanodet": lambda card: Nanodet(classes=len(card.classes), strides=card.output.strides),
    "yolov8": lambda card: Yolov8(classes=len(card.classes)),
    "yolox": lambda card: Yolox(classes=len(card.classes), strides=card.output.strides),
}


def decoder_of(card: ModelCard) -> Decoder:
    """The decoder that a card names, with the card's classes and strides."""
    return _MADE[card.output.decoder](card)
