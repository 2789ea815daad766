// LibTorch, the C++ front end of PyTorch. Variants: plain or channels-last.
#include <torch/torch.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "task.h"

namespace nn = torch::nn;
using torch::Tensor;

struct Task {
  std::string workload;
  std::vector<int64_t> widths, shape;
  int64_t rows, batch, epochs, classes, calls;
  bool adam, channelsLast;
  double learningRate;

  bool is(const char* name) const { return workload == name; }
  bool predicts() const { return workload[0] == 'P'; }
};

static std::vector<int64_t> list(const char* text) {
  std::vector<int64_t> numbers;
  std::stringstream stream(text);
  for (std::string number; std::getline(stream, number, ',');) numbers.push_back(std::stoll(number));
  return numbers;
}

static nn::ReLU relu() {
  return nn::ReLU(nn::ReLUOptions(true));
}

static nn::Sequential networkOf(const Task& task) {
  if (task.is("W7"))
    return nn::Sequential(nn::Conv2d(1, 8, 5), relu(), nn::MaxPool2d(2), nn::Conv2d(8, 16, 5), relu(),
                          nn::MaxPool2d(2), nn::Flatten(), nn::Linear(256, 64), relu(), nn::Linear(64, 10));
  if (task.is("W8"))
    return nn::Sequential(nn::Conv1d(1, 16, 3), relu(), nn::Conv1d(16, 32, 3), relu(), nn::AdaptiveAvgPool1d(1),
                          nn::Flatten(), nn::Linear(32, 4));
  nn::Sequential network;
  for (size_t i = 0; i + 1 < task.widths.size(); i++) {
    network->push_back(nn::Linear(task.widths[i], task.widths[i + 1]));
    if (task.is("W1"))
      network->push_back(nn::Sigmoid());
    else if (i + 2 < task.widths.size())
      network->push_back(relu());
  }
  return network;
}

/// Inputs around zero with labels of a random linear teacher, or XOR's four rows.
static std::pair<Tensor, Tensor> dataOf(const Task& task) {
  if (task.is("W1"))
    return {torch::tensor({0.f, 0.f, 0.f, 1.f, 1.f, 0.f, 1.f, 1.f}).view({4, 2}),
            torch::tensor({0.f, 1.f, 1.f, 0.f}).view({4, 1})};
  std::vector<int64_t> shape = {task.rows};
  shape.insert(shape.end(), task.shape.begin(), task.shape.end());
  const Tensor x = torch::rand(shape) * 2 - 1;
  const Tensor flat = x.flatten(1);
  const Tensor seen = flat.narrow(1, 0, std::min<int64_t>(64, flat.size(1)));
  return {x, seen.matmul(torch::rand({seen.size(1), task.classes}) * 2 - 1).argmax(1)};
}

static std::function<void()> prediction(const Task& task, nn::Sequential network, Tensor x) {
  network->eval();
  return [=]() mutable {
    torch::InferenceMode guard;
    for (int64_t call = 0; call < task.calls; call++) torch::softmax(network->forward(x), 1);
  };
}

static std::shared_ptr<torch::optim::Optimizer> optimizerOf(const Task& task, nn::Sequential network) {
  using namespace torch::optim;
  if (task.adam) return std::make_shared<Adam>(network->parameters(), AdamOptions(task.learningRate));
  return std::make_shared<SGD>(network->parameters(), SGDOptions(task.learningRate).momentum(0.9));
}

static std::function<void()> training(const Task& task, nn::Sequential network, Tensor x, Tensor y) {
  const auto optimizer = optimizerOf(task, network);
  return [=]() mutable {
    for (int64_t epoch = 0; epoch < task.epochs; epoch++) {
      Tensor inputs = x, targets = y;
      if (task.rows > task.batch) {
        const Tensor order = torch::randperm(task.rows, torch::kLong);
        inputs = x.index({order});
        targets = y.index({order});
      }
      for (int64_t from = 0; from < task.rows; from += task.batch) {
        const int64_t rows = std::min(task.batch, task.rows - from);
        for (auto& parameter : network->parameters()) parameter.mutable_grad() = Tensor();
        const Tensor z = network->forward(inputs.narrow(0, from, rows));
        const Tensor target = targets.narrow(0, from, rows);
        const Tensor loss = task.is("W1") ? 0.5 * (z - target).pow(2).sum()
                                          : nn::functional::cross_entropy(z, target);
        loss.backward();
        optimizer->step();
      }
    }
  };
}

int main(int count, char** arguments) {
  const auto text = [&](const char* name) { return std::string(textOf(count, arguments, name)); };
  const auto number = [&](const char* name) { return int64_t{numberOf(count, arguments, name)}; };
  const Task task{text("workload"), list(text("widths").c_str()), list(text("inputShape").c_str()), number("rows"),
                  number("batch"), number("epochs"), number("classes"), number("calls"),
                  text("optimizer") == "adam", text("variant") == "channels-last",
                  atof(text("learningRate").c_str())};
  torch::set_num_threads(number("threads"));
  at::globalContext().setFlushDenormal(true);
  nn::Sequential network = networkOf(task);
  auto [x, y] = dataOf(task);
  if (task.channelsLast) {
    x = x.contiguous(torch::MemoryFormat::ChannelsLast);
    for (auto& parameter : network->parameters())
      if (parameter.dim() == 4) parameter.set_data(parameter.detach().clone(torch::MemoryFormat::ChannelsLast));
  }
  const auto run = task.predicts() ? prediction(task, network, x) : training(task, network, x, y);
  run();
  printf("{\"peer\":\"libtorch\",\"version\":\"%s\",\"seconds\":[", TORCH_VERSION);
  for (int64_t i = 0; i < number("runs"); i++) {
    const double begin = secondsNow();
    run();
    printf("%s%.9f", i ? "," : "", secondsNow() - begin);
  }
  printf("]}\n");
}
