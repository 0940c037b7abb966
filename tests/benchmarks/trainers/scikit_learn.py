"""scikit-learn's MLPClassifier, as near as it comes: softmax and log-loss, its own shuffle."""

import numpy as np
from sklearn.neural_network import MLPClassifier

from mlp_cli.nn.encoding import pixels_to_x

SOFTER = 0.1
"""of eta: the gradient of log-loss lacks the quadratic cost's factor a (1 - a), 1/4 at most"""


class ScikitLearn:
    """One call of `partial_fit` an epoch: it visits every example once, in mini-batches."""

    def __init__(self, network, images, labels, *, eta, batch_size, rng):
        self.x, self.labels = pixels_to_x(images, np.float32), labels
        self.classifier = MLPClassifier(
            hidden_layer_sizes=network.sizes[1:-1],
            activation="logistic",
            solver="sgd",
            alpha=0,
            momentum=0,
            nesterovs_momentum=False,
            learning_rate_init=SOFTER * eta,
            batch_size=min(batch_size, len(images)),
            random_state=int(rng.integers(2**31)),
        )
        # Makes the arrays, by a first step on one example; they then get the common start.
        classes = np.arange(network.sizes[-1])
        self.classifier.set_params(batch_size=1)
        self.classifier.partial_fit(self.x[:1], labels[:1], classes=classes)
        self.classifier.set_params(batch_size=min(batch_size, len(images)))
        for ours, W in zip(self.classifier.coefs_, network.weights, strict=True):
            ours[:] = W.T
        for ours, b in zip(self.classifier.intercepts_, network.biases, strict=True):
            ours[:] = b

    def train_epoch(self):
        self.classifier.partial_fit(self.x, self.labels)

    def parameters(self):
        return [W.T for W in self.classifier.coefs_], self.classifier.intercepts_
