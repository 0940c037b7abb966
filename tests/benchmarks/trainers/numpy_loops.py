"""NumPy as one writes it at first: an example at a time, and a mini-batch at a time."""

import numpy as np

from mlp_cli.nn.encoding import one_hot, pixels_to_x


class Textbook:
    """The loop of the textbooks: column vectors, one example at a time, gradients summed."""

    def __init__(self, network, images, labels, *, eta, batch_size, rng):
        self.weights = network.weights
        self.biases = [b[:, None] for b in network.biases]
        self.x = pixels_to_x(images, np.float32)[:, :, None]
        self.y = one_hot(labels, network.sizes[-1], np.float32)[:, :, None]
        self.eta, self.batch_size, self.rng = eta, batch_size, rng

    @np.errstate(over="ignore")  # e^-z of a large negative z: the sigmoid is 0 all the same
    def train_epoch(self):
        order = self.rng.permutation(len(self.x))
        for start in range(0, len(order), self.batch_size):
            batch = order[start : start + self.batch_size]
            dW = [np.zeros_like(W) for W in self.weights]
            db = [np.zeros_like(b) for b in self.biases]
            for k in batch:
                self._backpropagate(self.x[k], self.y[k], dW, db)
            step = self.eta / len(batch)
            self.weights = [W - step * d for W, d in zip(self.weights, dW, strict=True)]
            self.biases = [b - step * d for b, d in zip(self.biases, db, strict=True)]

    def _backpropagate(self, x, y, dW, db):
        activations = [x]
        for W, b in zip(self.weights, self.biases, strict=True):
            activations.append(1 / (1 + np.exp(-(W @ activations[-1] + b))))
        dA = activations[-1] - y
        for l in reversed(range(len(self.weights))):
            a = activations[l + 1]
            dZ = dA * a * (1 - a)
            dW[l] += dZ @ activations[l].T
            db[l] += dZ
            dA = self.weights[l].T @ dZ

    def parameters(self):
        return self.weights, [b.ravel() for b in self.biases]


class Batched:
    """A mini-batch as a matrix, one product a layer, arrays made where they are needed."""

    def __init__(self, network, images, labels, *, eta, batch_size, rng):
        self.weights, self.biases = network.weights, network.biases
        self.x = pixels_to_x(images, np.float32)
        self.y = one_hot(labels, network.sizes[-1], np.float32)
        self.eta, self.batch_size, self.rng = eta, batch_size, rng

    @np.errstate(over="ignore")
    def train_epoch(self):
        order = self.rng.permutation(len(self.x))
        for start in range(0, len(order), self.batch_size):
            batch = order[start : start + self.batch_size]
            activations = [self.x[batch]]
            for W, b in zip(self.weights, self.biases, strict=True):
                activations.append(1 / (1 + np.exp(-(activations[-1] @ W.T + b))))
            dA = activations[-1] - self.y[batch]
            step = self.eta / len(batch)
            for l in reversed(range(len(self.weights))):
                a = activations[l + 1]
                dZ = dA * a * (1 - a)
                dA = dZ @ self.weights[l] if l else None
                self.weights[l] -= step * (dZ.T @ activations[l])
                self.biases[l] -= step * dZ.sum(axis=0)

    def parameters(self):
        return self.weights, self.biases
