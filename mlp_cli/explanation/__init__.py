"""One example through Feedforward and Backpropagate, every quantity shown and checked."""
