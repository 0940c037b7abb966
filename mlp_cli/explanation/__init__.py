"""One example through Feedforward and Backpropagate, with every quantity shown and checked."""
