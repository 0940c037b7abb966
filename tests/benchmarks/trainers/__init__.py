"""One trainer a file. Each is a class that takes a network to start from and the training set

    Trainer(network, images, labels, *, eta, batch_size, rng)

and has `train_epoch()`, which visits every example once in a fresh order, and `parameters()`, the
weights (n_l, n_{l-1}) and biases (n_l,) as they are now. What a framework wants prepared, such as
images as float32, it prepares in `__init__`, which is not timed.
"""
