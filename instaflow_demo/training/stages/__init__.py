"""The stages of training, each a function of a data set, networks and a budget."""
