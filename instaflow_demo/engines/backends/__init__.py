"""What runs a network: PyTorch as it is, compiled, OpenVINO, or the stock pipeline."""
