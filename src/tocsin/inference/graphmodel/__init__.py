"""TF.js graph models become ONNX: a small converter for the operators that picture models are made of."""
