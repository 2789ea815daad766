// Steps of small dense networks over batches of four rows, a row in each lane: buffers [4, width] are held as [width, 4],
// so that vectors are full whatever the widths, and nothing waits for parts of a vector still being stored. Activations
// and losses work on single elements and do not see the difference.
#pragma once
#include "activation.h"
#include "four.h"
#include "loss.h"
#include "program.h"

namespace descent {
namespace ISA {

/// The rows of such a batch.
constexpr int narrowRows = 4;
/// Widths up to which a row a lane beats vectors along the units.
constexpr int narrowWidth = 16;

inline bool isNarrow(const Program& program) {
  if (program.capacity != narrowRows || program.features > narrowWidth || program.list[forwardList].empty()) return false;
  for (const Operation& o : program.list[forwardList])
    if (o.code != 1 || o.n[0] > narrowWidth || o.n[1] > narrowWidth) return false;
  for (const Operation& o : program.list[backwardList]) {
    const bool elementwise = o.n[1] != loss::categoricalCrossentropy && o.n[2] != accuracy::argmax;
    if (o.code != 2 && o.code != 3 && o.code != 5 && !(o.code == 23 && elementwise)) return false;
  }
  return true;
}

/// The update, where it is one SGD over all gradients: then parameters move as soon as their gradients are known.
inline const Operation* fusedUpdate(const Program& program) {
  const auto& updates = program.list[updateList];
  if (updates.size() != 1 || updates[0].code != 25) return nullptr;
  const Operation& update = updates[0];
  const auto covers = [&](const float* gradients, int64_t count) {
    return !gradients || (gradients >= update.at[1] && gradients + count <= update.at[1] + update.n[0]);
  };
  int64_t covered = 0;
  for (const Operation& o : program.list[backwardList]) {
    if (o.code != 2) continue;
    if (!covers(o.at[2], int64_t{o.n[0]} * o.n[1]) || !covers(o.at[3], o.n[1])) return nullptr;
    covered++;
  }
  return covered == static_cast<int64_t>(program.list[forwardList].size()) ? &update : nullptr;
}

/// Rows in the given order, or one after another, to [width, 4].
inline void gatherColumns(const float* from, float* to, int width, const int32_t* order) {
  for (int row = 0; row < narrowRows; row++) {
    const float* at = from + (order ? int64_t{order[row]} : row) * width;
    for (int i = 0; i < width; i++) to[i * narrowRows + row] = at[i];
  }
}

/// y [units, 4] = activation(weight [units, inputs] · x [inputs, 4] + bias); z: before the activation.
inline void narrowForward(const Operation& o) {
  const float* weight = o.at[1];
  const int inputs = o.n[0];
  const int units = o.n[1];
  const bool squashes = o.n[2] == activation::sigmoid;
  for (int unit = 0; unit < units; unit++, weight += inputs) {
    // Two sums at once: each product would wait for the one before it.
    Four even = every4(o.at[2] ? o.at[2][unit] : 0);
    Four odd = every4(0);
    const float* column = o.at[0];
    int i = 0;
    for (; i + 2 <= inputs; i += 2, column += 2 * narrowRows) {
      even = multiplyAdd(every4(weight[i]), load4(column), even);
      odd = multiplyAdd(every4(weight[i + 1]), load4(column + narrowRows), odd);
    }
    if (i < inputs) even = multiplyAdd(every4(weight[i]), load4(column), even);
    const Four sum = even + odd;
    if (o.at[4]) store4(o.at[4] + unit * narrowRows, sum);
    store4(o.at[3] + unit * narrowRows, squashes ? logistic(sum) : sum);
  }
  if (!squashes) activate(o.n[2], o.at[3], o.at[3], int64_t{units} * narrowRows);
}

/// dx [inputs, 4] = weightᵀ · dz [units, 4], times y·(1 − y) where a sigmoid gave y [inputs, 4].
inline void narrowBackwardInput(const Operation& o, const float* y) {
  const int inputs = o.n[0];
  const int units = o.n[1];
  for (int i = 0; i < inputs; i++) {
    Four slope = every4(1);
    if (y) {
      const Four value = load4(y + i * narrowRows);
      slope = value * (every4(1) - value);
    }
    Four sum = every4(0);
    for (int unit = 0; unit < units; unit++)
      sum = multiplyAdd(every4(o.at[1][unit * inputs + i]) * slope, load4(o.at[0] + unit * narrowRows), sum);
    store4(o.at[2] + i * narrowRows, sum);
  }
}

/// Stores gradients and moves their parameters, where there is an update to do.
struct Movement {
  const Operation* update;
  Four rate;
  Four momentum;
  Four decay;

  Movement(const Operation* sgd, double learningRate)
      : update(sgd),
        rate(every4(static_cast<float>(learningRate))),
        momentum(every4(sgd ? static_cast<float>(sgd->real[1]) : 0)),
        decay(every4(sgd ? static_cast<float>(sgd->real[3]) : 0)) {}

  void operator()(float* to, Four sum, int count) const {
    storeFirst(to, sum, count);
    if (!update) return;
    const int64_t offset = to - update->at[1];
    float* const parameters = update->at[0] + offset;
    const Four value = loadFirst(parameters, count);
    const Four gradient = multiplyAdd(decay, value, sum);
    Four direction = gradient;
    if (update->at[2]) {
      float* const velocity = update->at[2] + offset;
      const Four moved = multiplyAdd(momentum, loadFirst(velocity, count), gradient);
      storeFirst(velocity, moved, count);
      direction = update->n[2] ? multiplyAdd(momentum, moved, gradient) : moved;
    }
    storeFirst(parameters, subtractProduct(rate, direction, value), count);
  }
};

/// dWeight [units, inputs] = dz · xᵀ, four neighbours of whatever units at a time; dBias = Σ over the rows of dz.
inline void narrowBackwardWeights(const Operation& o, const Movement& move) {
  const float* const x = o.at[0];
  const float* const dz = o.at[1];
  const int inputs = o.n[0];
  const int units = o.n[1];
  const int count = inputs * units;
  int unit = 0;
  int input = 0;
  const auto next = [&] {
    if (unit == units) return every4(0);
    const Four product = load4(dz + unit * narrowRows) * load4(x + input * narrowRows);
    if (++input == inputs) input = 0, unit++;
    return product;
  };
  for (int i = 0; i < count; i += 4) {
    const Four a = next();
    const Four b = next();
    const Four c = next();
    const Four d = next();
    move(o.at[2] + i, sums(a, b, c, d), least(4, count - i));
  }
  if (!o.at[3]) return;
  const auto slope = [&](int u) { return u < units ? load4(dz + u * narrowRows) : every4(0); };
  for (int u = 0; u < units; u += 4)
    move(o.at[3] + u, sums(slope(u), slope(u + 1), slope(u + 2), slope(u + 3)), least(4, units - u));
}

/// The loss and, in the same pass, what a sigmoid before it makes of its gradient.
inline Judgement narrowLoss(const Operation& o, bool squashed, float* scratch) {
  const int size = o.n[0];
  if (o.n[1] != loss::squaredError) return judge(o.n[1], o.n[2], o.at[0], o.at[1], o.at[2], narrowRows, size, scratch);
  Judgement result;
  for (int i = 0; i < size * narrowRows; i += 4) {
    const Four output = load4(o.at[0] + i);
    const Four distance = output - load4(o.at[1] + i);
    result.lossSum += wideSum(distance * distance * every4(0.5f));
    const Four factor = squashed ? output * (every4(1) - output) * every4(0.25f) : every4(0.25f);
    if (o.at[2]) store4(o.at[2] + i, distance * factor);
  }
  result.right = rightAnswers(o.n[2], o.at[0], o.at[1], narrowRows, size);
  return result;
}

/// One step over a batch gathered by columns; with `update`, what fusedUpdate gave, that too.
inline Judgement narrowStep(const Program& program, double learningRate, const Operation* update, float* scratch) {
  Judgement judgement;
  for (const Operation& o : program.list[forwardList]) narrowForward(o);
  const auto& backward = program.list[backwardList];
  for (size_t i = 0; i < backward.size(); i++) {
    const Operation& o = backward[i];
    const float* const changed = o.code == 23 || o.code == 3 ? o.at[2] : nullptr;
    const Operation* after = i + 1 < backward.size() ? &backward[i + 1] : nullptr;
    const bool squashed = changed && after && after->code == 5 && after->n[1] == activation::sigmoid && after->at[1] == changed;
    if (o.code == 23) {
      judgement = narrowLoss(o, squashed, scratch);
      if (squashed && o.n[1] != loss::squaredError) continue;
    } else if (o.code == 3) {
      narrowBackwardInput(o, squashed ? after->at[0] : nullptr);
    } else if (o.code == 5) {
      activateBack(o.n[1], o.at[0], o.at[1], int64_t{o.n[0]} * narrowRows);
    }
    if (squashed) i++;
  }
  // Only now, because the layers below needed the weights as they were.
  const Movement move(update, learningRate);
  for (const Operation& o : backward)
    if (o.code == 2) narrowBackwardWeights(o, move);
  return judgement;
}

}  // namespace ISA
}  // namespace descent
