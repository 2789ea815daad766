// FANN: sigmoid layers and squared error, for it has neither relu nor softmax nor mini-batches. Variants: batch (an update
// per epoch, without momentum) or incremental (an update per row). The nearest work, not the same.
#include <floatfann.h>
#include <stdio.h>

#include "task.h"

static float uniform(void) {
  return 2 * (rand() / (float)RAND_MAX) - 1;
}

static struct fann_train_data* dataOf(int xor, unsigned rows, unsigned inputs, unsigned outputs) {
  struct fann_train_data* data = fann_create_train(rows, inputs, outputs);
  for (unsigned row = 0; row < rows; row++) {
    for (unsigned i = 0; i < inputs; i++) data->input[row][i] = xor ? row >> (1 - i) & 1 : uniform();
    for (unsigned i = 0; i < outputs; i++) data->output[row][i] = 0;
    if (xor)
      data->output[row][0] = row == 1 || row == 2;
    else
      data->output[row][rand() % outputs] = 1;
  }
  return data;
}

int main(int count, char** arguments) {
  const char* const workload = textOf(count, arguments, "workload");
  const int xor = !strcmp(workload, "W1"), predicts = workload[0] == 'P';
  const unsigned rows = numberOf(count, arguments, "rows"), epochs = numberOf(count, arguments, "epochs");
  const unsigned calls = numberOf(count, arguments, "calls");
  unsigned inputs, hidden, outputs;
  if (sscanf(textOf(count, arguments, "widths"), "%u,%u,%u", &inputs, &hidden, &outputs) != 3) return 1;

  struct fann* network = fann_create_standard(3, inputs, hidden, outputs);
  const int batch = !strcmp(textOf(count, arguments, "variant"), "batch");
  fann_set_training_algorithm(network, batch ? FANN_TRAIN_BATCH : FANN_TRAIN_INCREMENTAL);
  fann_set_activation_function_hidden(network, FANN_SIGMOID);
  fann_set_activation_function_output(network, FANN_SIGMOID);
  fann_set_learning_rate(network, xor ? 0.5f : 0.01f);
  fann_set_learning_momentum(network, 0.9f);
  struct fann_train_data* data = dataOf(xor, rows, inputs, outputs);

  const int runs = numberOf(count, arguments, "runs");
  printf("{\"peer\":\"fann\",\"version\":\"2.2\",\"seconds\":[");
  for (int run = -1; run < runs; run++) {
    const double begin = secondsNow();
    for (unsigned call = 0; predicts && call < calls; call++)
      for (unsigned row = 0; row < rows; row++) fann_run(network, data->input[row]);
    for (unsigned epoch = 0; !predicts && epoch < epochs; epoch++) {
      if (!xor) fann_shuffle_train_data(data);
      fann_train_epoch(network, data);
    }
    if (run >= 0) printf("%s%.9f", run ? "," : "", secondsNow() - begin);
  }
  printf("]}\n");
}
