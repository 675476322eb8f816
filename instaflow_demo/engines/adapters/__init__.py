"""Other people's weights, merged into a model as it is loaded: LoRA files and differences of fine-tunes."""
