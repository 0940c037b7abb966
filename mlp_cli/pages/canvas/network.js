/**
 * The network: its parameters, read from the page, and Feedforward.
 * @typedef {{W: Float32Array|Float64Array, b: Float32Array|Float64Array}} Layer
 * @typedef {{sizes: number[], view: string, activation: string, output: string, dtype: string,
 *   parameters: string}} Member
 * @typedef {Member & {others: Member[], shape: number[], classes: string[]}} Saved
 */

const SIGMA = {
  sigmoid: (z) => z.map((value) => 0.5 * (1 + Math.tanh(value / 2))),
  tanh: (z) => z.map(Math.tanh),
  relu: (z) => z.map((value) => Math.max(value, 0)),
  softmax: (z) => {
    // e^z alone overflows, so the largest z is subtracted first.
    const largest = z.reduce((one, other) => Math.max(one, other));
    const powers = z.map((value) => Math.exp(value - largest));
    const sum = powers.reduce((one, other) => one + other);
    return powers.map((power) => power / sum);
  },
};

/** Return the layers 2..L. The page holds W^l row by row, then b^l, for each of them.
 * @param {Member} saved @returns {Layer[]} */
function readLayers(saved) {
  const bytes = Uint8Array.from(atob(saved.parameters), (c) => c.charCodeAt(0));
  const Numbers = saved.dtype === "float64" ? Float64Array : Float32Array;
  const numbers = new Numbers(bytes.buffer);
  let start = 0;
  const take = (count) => numbers.subarray(start, (start += count));
  return saved.sizes.slice(1).map((n, l) => ({ W: take(n * saved.sizes[l]), b: take(n) }));
}

/** Return the activations of every layer: A^1 = pixel / 255, A^l = sigma(W^l A^{l-1} + b^l).
 * @param {Member} saved @param {Layer[]} layers @param {ArrayLike<number>} pixels 0..255 */
function feedforward(saved, layers, pixels) {
  const activations = [Float64Array.from(pixels, (pixel) => pixel / 255)];
  layers.forEach(({ W, b }, l) => {
    const a = activations[l];
    const z = Float64Array.from(b, (bias, i) => {
      let sum = bias;
      for (let k = 0, at = i * a.length; k < a.length; k++, at++) sum += W[at] * a[k];
      return sum;
    });
    const last = l === layers.length - 1;
    activations.push(SIGMA[last ? saved.output : saved.activation](z));
  });
  return activations;
}

/** Return the mean of several networks' outputs. @param {Float64Array[]} outputs */
function average(outputs) {
  return outputs[0].map((_, k) => outputs.reduce((sum, each) => sum + each[k], 0) / outputs.length);
}
