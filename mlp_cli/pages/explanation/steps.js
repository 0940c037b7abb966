/**
 * The steps through Feedforward and Backpropagate, each with its formula and what it uses.
 * @typedef {{part: string, title: string, facts: string[], formula: () => Node[],
 *   also?: () => Node[], says: string,
 *   result: string | null, shown: (string[] | string)[], compared: string | null, units: number | null,
 *   connections: number | null, columns: string[]}} Step
 * also: a second formula.  shown: keys of the arrays to show, and the signs between them.
 * columns: for every layer, the key of what its units show in the drawing.  units, connections: the layer that the step is about.
 */

const OUTPUT_COSTS = {
  quadratic: () => [
    fraction(mn(1), mn(2)),
    math("msup", mrow(mo("‖"), term("y"), mo("−"), output(), mo("‖")), mn(2)),
  ],
  "cross-entropy": () => {
    const wrong = [parenthesised(mn(1), mo("−"), term("y")), lnOf(parenthesised(mn(1), mo("−"), output()))];
    return [mrow(mo("−"), mo("∑"), parenthesised(term("y"), lnOf(output()), mo("+"), ...wrong))];
  },
  "log-likelihood": () => [mrow(mo("−"), mo("∑"), term("y"), lnOf(output()))],
};
const FACTS_1 = {
  quadratic: () => [output(), mo("−"), term("y")],
  "cross-entropy": () => [
    fraction(
      mrow(output(), mo("−"), term("y")),
      mrow(output(), mo("⊙"), parenthesised(math("mn", "𝟏"), mo("−"), output())),
    ),
  ],
  "log-likelihood": () => [mrow(mo("−"), fraction(term("y"), output()))],
};
const COST_PROOFS = {
  quadratic: [],
  "cross-entropy": ["Cross-entropy"],
  "log-likelihood": ["Log-likelihood", "Softmax"],
};
const SIGMA_WORDS = {
  sigmoid: "The sigmoid σ acts on each weighted input by itself, and brings it between 0 and 1.",
  tanh: "The hyperbolic tangent acts on each weighted input by itself, and brings it between −1 and 1.",
  relu: "relu keeps each weighted input that is above 0. The others become 0.",
  softmax: "Softmax turns the weighted inputs into fractions, which add up to 1.",
};
const SLOPE_WORDS = { sigmoid: "a (1 − a)", tanh: "1 − a²", relu: "1 where a is above 0, else 0" };

const output = () => term(`a${saved.sizes.length}`);

/** Return all steps of the network's two passes. @returns {Step[]} */
function stepsOf({ sizes, output: outputName, activation, cost }) {
  const L = sizes.length;
  const columns = sizes.map(() => null); // what the units of each layer show so far
  const steps = [];

  const add = (part, title, l, key, step) => {
    if (key) columns[l - 1] = key;
    steps.push({
      part,
      title,
      facts: [],
      result: key,
      compared: null,
      units: l,
      connections: null,
      ...step,
      columns: [...columns],
    });
  };

  add("Feedforward", "the input", 1, "a1", {
    formula: () => [term("a1"), mo("="), mi("x")],
    says: "The activations of layer 1 are the example itself. y is what the outputs should become.",
    shown: ["a1", "", "y"],
  });
  for (let l = 2; l <= L; l++) {
    const before = `a${l - 1}`;
    add("Feedforward", `layer ${l}, weighted inputs`, l, `z${l}`, {
      formula: () => [term(`z${l}`), mo("="), term(`W${l}`), space(), term(before), mo("+"), term(`b${l}`)],
      says: "A weighted input is a row of weights times the activations of the layer before, plus a bias.",
      shown: [`z${l}`, "=", `W${l}`, "·", before, "+", `b${l}`],
      connections: l,
    });
    const name = l === L ? outputName : activation;
    add("Feedforward", `layer ${l}, activations`, l, `a${l}`, {
      formula: () => [term(`a${l}`), mo("="), sigmaName(l), parenthesised(term(`z${l}`))],
      says: SIGMA_WORDS[name],
      shown: [`a${l}`, `= ${name === "sigmoid" ? "σ" : name}`, `z${l}`],
    });
  }
  add("Feedforward", "the cost", L, null, {
    formula: () => [mi("C"), mo("="), ...OUTPUT_COSTS[cost]()],
    says: "One number says how far the outputs are from what they should be. To learn is to make it smaller.",
    shown: ["y", "", `a${L}`],
  });
  add("Backpropagate", `layer ${L}, derivative with respect to the outputs`, L, `d_a${L}`, {
    facts: ["Fact 1", ...COST_PROOFS[cost]],
    formula: () => [term(`d_a${L}`), mo("="), ...FACTS_1[cost]()],
    says: "How much the cost grows when an output grows by a little.",
    shown: [`d_a${L}`, "from", `a${L}`, "", "y"],
    compared: `d_a${L}`,
  });
  const fact2 = (l) => {
    const isOne = l === L && cost !== "quadratic";
    const slope = SLOPE_WORDS[l === L ? "sigmoid" : activation];
    add("Backpropagate", `layer ${l}, derivative with respect to the weighted inputs`, l, `d_z${l}`, {
      facts: isOne ? ["Fact 2", ...COST_PROOFS[cost]] : ["Fact 2", "Proposition 2", "Activations"],
      formula: () =>
        isOne
          ? [term(`d_z${l}`), mo("="), output(), mo("−"), term("y")]
          : [term(`d_z${l}`), mo("="), term(`d_a${l}`), mo("⊙"), term(`slope${l}`)],
      says: isOne
        ? "Facts 1 and 2 in one: this cost is made for its outputs, and most of the formula cancels."
        : `Each derivative is multiplied by the slope of the activation function there: ${slope}.`,
      shown: isOne ? [`d_z${l}`, "=", `a${l}`, "−", "y"] : [`d_z${l}`, "=", `d_a${l}`, "⊙", `slope${l}`],
      compared: `d_z${l}`,
    });
  };
  fact2(L);
  for (let l = L; l >= 2; l--) {
    const before = `a${l - 1}`;
    add("Backpropagate", `layer ${l}, derivative with respect to the biases`, l, null, {
      facts: ["Fact 3", "Proposition 2"],
      formula: () => [term(`d_b${l}`), mo("="), term(`d_z${l}`)],
      says: "A bias is added to its weighted input, so both have the same derivative.",
      result: `d_b${l}`,
      shown: [`d_b${l}`, "=", `d_z${l}`],
      compared: `d_b${l}`,
    });
    add("Backpropagate", `layer ${l}, derivative with respect to the weights`, l, null, {
      facts: ["Fact 5", "Fact 4", "Proposition 2E"],
      formula: () => [term(`D_W${l}`), mo("="), term(`d_z${l}`), mo("⊗"), term(before)],
      also: () => [
        math("msub", mi("d"), math("msubsup", mi("w"), mi("j"), mn(l))),
        mi("C"),
        mo("="),
        math("msubsup", mi("a"), mi("j"), mn(l - 1)),
        space(),
        term(`d_z${l}`),
      ],
      says:
        "The derivative of a weight is that of its unit times the activation that it is multiplied with. " +
        "Fact 4 is one column of this.",
      result: `D_W${l}`,
      shown: [`D_W${l}`, "=", `d_z${l}`, "⊗", `${before}t`],
      compared: `D_W${l}`,
      connections: l,
    });
    if (l === 2) break;
    add("Backpropagate", `back to layer ${l - 1}`, l - 1, `d_a${l - 1}`, {
      facts: ["Fact 6", "Proposition 1", "Every layer"],
      formula: () => [term(`d_a${l - 1}`), mo("="), term(`W${l}t`), space(), term(`d_z${l}`)],
      says: `The derivatives go back through the same weights, as they were before the update.`,
      shown: [`d_a${l - 1}`, "=", `W${l}t`, "·", `d_z${l}`],
      compared: `d_a${l - 1}`,
      connections: l,
    });
    fact2(l - 1);
  }
  sizes.forEach((_, k) => (columns[k] = `a${k + 1}`));
  const layers = sizes.slice(1).map((_, k) => k + 2);
  add("Update", "every parameter moves against its derivative", null, null, {
    formula: () => [
      withLayer("W", "l"),
      mo("←"),
      withLayer("W", "l"),
      mo("−"),
      mi("η"),
      math("msub", mi("D"), withLayer("W", "l")),
      mi("C"),
    ],
    also: () => [
      withLayer("b", "l"),
      mo("←"),
      withLayer("b", "l"),
      mo("−"),
      mi("η"),
      math("msub", mi("d"), withLayer("b", "l")),
      mi("C"),
    ],
    says: `The learning rate η is ${saved.eta}. All derivatives are from before the update.`,
    shown: layers
      .map((l) => [
        [`new_W${l}`, "=", `W${l}`, "− η", `D_W${l}`],
        [`new_b${l}`, "=", `b${l}`, "− η", `d_b${l}`],
      ])
      .flat(),
  });
  return steps;
}
