/**
 * Feedforward, Backpropagate and the update for one example, in the derivation's symbols.
 *
 * Every list of layers is indexed by the layer's number, as in the derivation: a[1] is x, and W[2]
 * belongs to layer 2. A matrix is a list of its rows, one after the other.
 * @typedef {{sizes: number[], L: number, activation: string, output: string, cost: string,
 *   W: Float64Array[], b: Float64Array[]}} Network
 * @typedef {{a: Float64Array[], z: Float64Array[], C: number, slope: Float64Array[],
 *   d_a: Float64Array[], d_z: Float64Array[], D_W: Float64Array[]}} Passes
 */

const SLOPES = {
  sigmoid: (a) => a * (1 - a),
  tanh: (a) => 1 - a * a,
  relu: (a) => (a > 0 ? 1 : 0),
};

// An output that rounding has made 0 or 1 counts as the nearest number that is neither.
const LEAST = 2 ** -1022;
const MOST = 1 - 2 ** -53;

/** The costs: of one output with its y, and the derivatives with respect to this a and this z. */
const COSTS = {
  quadratic: {
    term: (a, y) => (y - a) ** 2 / 2,
    d_a: (a, y) => a - y,
    d_z: (a, y) => (a - y) * SLOPES.sigmoid(a),
  },
  "cross-entropy": {
    term: (a, y) => {
      const inside = Math.min(Math.max(a, LEAST), MOST);
      return -(y * Math.log(inside) + (1 - y) * Math.log1p(-inside));
    },
    d_a: (a, y) => (a - y) / Math.max(SLOPES.sigmoid(a), LEAST),
    d_z: (a, y) => a - y,
  },
  "log-likelihood": {
    term: (a, y) => -(y * Math.log(Math.max(a, LEAST))),
    d_a: (a, y) => -y / Math.max(a, LEAST),
    d_z: (a, y) => a - y,
  },
};

const sumOf = (values) => values.reduce((sum, value) => sum + value, 0);

/** Return the network that the page holds. @returns {Network} */
function readNetwork(saved) {
  const [W, b] = [[], []];
  readLayers(saved).forEach((layer, k) => {
    W[k + 2] = Float64Array.from(layer.W);
    b[k + 2] = Float64Array.from(layer.b);
  });
  const { sizes, activation, output, cost } = saved;
  return { sizes, L: sizes.length, activation, output, cost, W, b };
}

/** Return the units of layer l. */
const unitsOf = (net, l) => net.sizes[l - 1];

/** Return entry i of W^l a + b^l. @param {Network} net */
function weightedInput(net, l, i, a) {
  const W = net.W[l];
  let sum = net.b[l][i];
  for (let j = 0, at = i * a.length; j < a.length; j++, at++) sum += W[at] * a[j];
  return sum;
}

/** Return z^l = W^l a^{l-1} + b^l. */
const weightedInputs = (net, l, a) => net.b[l].map((_, i) => weightedInput(net, l, i, a));

/** Return the activation function of layer l, of a whole vector. */
const sigmaOf = (net, l) => SIGMA[l === net.L ? net.output : net.activation];

/** Return the cost of outputs. */
const costOf = (net, a, y) => sumOf(Array.from(a, (each, i) => COSTS[net.cost].term(each, y[i])));

/** Take an example through both passes. @param {Network} net @returns {Passes} */
function explain(net, x, y) {
  const [a, z, slope, d_a, d_z, D_W] = [[], [], [], [], [], []];
  a[1] = Float64Array.from(x);
  for (let l = 2; l <= net.L; l++) {
    z[l] = weightedInputs(net, l, a[l - 1]);
    a[l] = sigmaOf(net, l)(z[l]);
  }
  const cost = COSTS[net.cost];
  d_a[net.L] = a[net.L].map((each, i) => cost.d_a(each, y[i])); // Fact 1
  d_z[net.L] = a[net.L].map((each, i) => cost.d_z(each, y[i])); // Fact 2
  if (net.cost === "quadratic") slope[net.L] = a[net.L].map(SLOPES.sigmoid);
  for (let l = net.L; l >= 2; l--) {
    D_W[l] = outer(d_z[l], a[l - 1]); // Fact 5
    if (l === 2) break;
    d_a[l - 1] = backThrough(net, l, d_z[l]); // Fact 6
    slope[l - 1] = a[l - 1].map(SLOPES[net.activation]);
    d_z[l - 1] = d_a[l - 1].map((each, j) => each * slope[l - 1][j]); // Fact 2
  }
  return { a, z, C: costOf(net, a[net.L], y), slope, d_a, d_z, D_W };
}

/** Return u times the transpose of v, row by row. */
function outer(u, v) {
  const product = new Float64Array(u.length * v.length);
  u.forEach((each, i) => v.forEach((other, j) => (product[i * v.length + j] = each * other)));
  return product;
}

/** Return the transpose of W^l times d_z. */
function backThrough(net, l, d_z) {
  const n = unitsOf(net, l - 1);
  const d_a = new Float64Array(n);
  d_z.forEach((each, i) => d_a.forEach((_, j) => (d_a[j] += net.W[l][i * n + j] * each)));
  return d_a;
}

/** Return the network after the update: b - eta d_b C and W - eta D_W C. Fact 3: d_b C is d_z C.
 * @param {Network} net @param {Passes} passes @returns {Network} */
function updated(net, passes, eta) {
  const moved = (parameters, derivatives) => parameters.map((each, k) => each - eta * derivatives[k]);
  return {
    ...net,
    W: net.W.map((W, l) => moved(W, passes.D_W[l])),
    b: net.b.map((b, l) => moved(b, passes.d_z[l])),
  };
}

/** Return the cost of an example, by a feedforward alone. */
function costAfter(net, x, y) {
  let a = Float64Array.from(x);
  for (let l = 2; l <= net.L; l++) a = sigmaOf(net, l)(weightedInputs(net, l, a));
  return costOf(net, a, y);
}
