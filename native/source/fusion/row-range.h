// Operations that work on each row of the batch independently, on a range of rows.
#pragma once
#include "../activation.h"
#include "../conv/forward.h"
#include "../conv/input-gradient.h"
#include "../conv/weight-gradient.h"
#include "../pooling.h"
#include "../program.h"
#include "../softmax.h"

namespace descent {
namespace ISA {

template <typename Pooling> Windows windows(const Pooling& o) {
  return {o.height, o.width, o.kernelHeight, o.kernelWidth, o.strideY, o.strideX, o.outputHeight, o.outputWidth};
}
template <typename Sizes> Convolution convolution(const Sizes& o) {
  return {o.channels, o.height,       o.width,       o.kernelHeight, o.kernelWidth, o.strideY,
          o.strideX,  o.outputHeight, o.outputWidth, o.filters,      o.padTop,      o.padLeft};
}

/// Rows `from` to `end` of a batch, for the operations that work on rows independently. An operation is row-wise if it
/// has an overload here, otherwise it needs one in WholeBatch (dispatch.h).
struct RowRange {
  int from;
  int end;
  const RowScratch& memory;
  /// For pooling backward: the output of the relu before it, whose backward pass is fused; or null.
  const float* relu;

  int rows() const { return end - from; }

  void operator()(const ActivationForward& o) const {
    const int64_t skipped = int64_t{from} * o.size;
    activate(o.activation, o.x + skipped, o.y + skipped, int64_t{rows()} * o.size);
  }
  void operator()(const ActivationBackward& o) const {
    const int64_t skipped = int64_t{from} * o.size;
    activateBackward(o.activation, o.source + skipped, o.dy + skipped, int64_t{rows()} * o.size);
  }
  void operator()(const SoftmaxForward& o) const {
    const int64_t skipped = int64_t{from} * o.size;
    softmaxForward(o.x + skipped, o.y + skipped, rows(), o.size);
  }
  void operator()(const SoftmaxBackward& o) const {
    const int64_t skipped = int64_t{from} * o.size;
    softmaxBackward(o.y + skipped, o.dy + skipped, rows(), o.size);
  }
  void operator()(const ConvolutionForward& o) const {
    convolutionForward(convolution(o), o.x, o.bias, o.y, o.z, from, end, o.activation, memory);
  }
  void operator()(const ConvolutionBackwardWeights& o) const {
    convolutionBackwardWeights(convolution(o), o.x, o.dz, from, end, memory);
  }
  void operator()(const ConvolutionBackwardInput& o) const {
    convolutionBackwardInput(convolution(o), o.dz, o.weight, o.dx, from, end, memory);
  }
  void operator()(const MaxPoolingForward& o) const {
    const Planes p = planes(o);
    maxPoolingForward(o.x + p.cells, o.y + p.outputs, p.count, p.windows);
  }
  void operator()(const MaxPoolingBackward& o) const {
    const Planes p = planes(o);
    maxPoolingBackward(o.x + p.cells, o.y + p.outputs, o.dy + p.outputs, o.dx + p.cells, p.count, p.windows,
                       relu != nullptr);
  }
  void operator()(const AveragePoolingForward& o) const {
    const Planes p = planes(o);
    averagePoolingForward(o.x + p.cells, o.y + p.outputs, p.count, p.windows);
  }
  void operator()(const AveragePoolingBackward& o) const {
    const Planes p = planes(o);
    averagePoolingBackward(o.dy + p.outputs, o.dx + p.cells, p.count, p.windows, relu ? relu + p.cells : nullptr);
  }

 private:
  /// The planes of the rows, with the cells and outputs before them.
  struct Planes {
    Windows windows;
    int64_t cells;
    int64_t outputs;
    int count;
  };

  template <typename Pooling> Planes planes(const Pooling& o) const {
    const Windows w = windows(o);
    const int64_t before = int64_t{from} * o.channels;
    return {w, before * w.plane(), before * w.outputs(), rows() * o.channels};
  }
};

template <typename Struct> constexpr bool isRowWiseStruct = std::is_invocable_v<const RowRange&, const Struct&>;

inline bool isRowWise(const Operation& o) {
  return visit(o, [](const auto& known) { return isRowWiseStruct<std::decay_t<decltype(known)>>; });
}

/// Runs a row-wise operation.
inline void runRows(const Operation& o, const float* relu, int from, int end, const RowScratch& memory) {
  const RowRange range{from, end, memory, relu};
  visit(o, [&](const auto& known) {
    if constexpr (isRowWiseStruct<std::decay_t<decltype(known)>>) range(known);
  });
}

}  // namespace ISA
}  // namespace descent
