/**
 * Compressed JSON, for specs, descriptions of models, and evaluations. A preset dictionary has the text that
 * most of them share, which then takes a few bits (DEFLATE: RFC 1950, section 2.2). Migration 0023 stored
 * plain text.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib'

/** Values of the first byte. */
const plain = 0
const deflated = 1

/** Longer texts stay plain: compressing them would block the event loop, and PostgreSQL compresses them. */
const maximumDeflatedBytes = 16 * 1024

/** Stored bytes depend on these texts, so a change needs a new format. The most frequent texts come last. */
const dictionary = Buffer.from(
  [
    '{"type":"regression","rows":"validation","available":,"count":,"unanswered":0,"notices":[],"targets":[{"name":"","rmse":,',
    '"mae":,"r2":,"pairs":[[-0.,-1.]]}]}"multiLabel""labels":"worse-than-mean"',
    '"padding":"same""valid","targetShape":"locallyConnected1d","averagePooling2d","globalAveragePooling2d","maxPooling1d"',
    '{"type":"conv2d","filters":8,"kernelSize":5,"strides":1,"padding":"valid","activation":"relu"',
    '{"type":"maxPooling2d","poolSize":2},{"type":"flatten"},{"type":"batchNormalization","momentum":0.9,"epsilon":0.00001',
    '},{"type":"dropout","rate":0.,"momentum","nesterov":true,"schedule":{"type":"clipNorm""regularization""classWeight"',
    '"balanced","sampleWeight":"from":"mdl_","fromMismatch":"initialize","huber""hinge""perceptron""squaredError"',
    '"meanAbsoluteError""meanSquaredError""categoricalCrossentropy""glorotNormal""heUniform""uniform""zeros""step""softplus"',
    '"gelu""elu""leakyRelu""tanh""minMax""stratified""chronological""dataset":"ds_","validationDataset":"ds_',
    '"initialize""refuse""earlyStopping":{"monitor":"valLoss","patience":20,"minDelta":0,"restoreBest":true,"folds":5}',
    '{"type":"category","name":"","categories":["","yes","no"],"missingTexts":[],"imputation":,"missingTexts":',
    '"target":{"type":"oneHot","name":"","classes":[""]}"target":{"type":"binary","name":"","classes":["',
    '"layers":[{"type":"dense","units":16,"activation":"relu","useBias":true,"kernelInitializer":"heNormal"},',
    '{"type":"dense","units":3,"activation":"softmax","useBias":true,"kernelInitializer":"glorotUniform"}]},',
    '"activation":"linear","loss":"categoricalCrossentropy","optimizer":{"type":"adam","learningRate":0.001,"beta1":0.9,',
    '"beta2":0.999,"epsilon":1e-8,"weightDecay":0},"epochs":100,"batchSize":32,"sampling":"shuffle","seed":',
    '"scaling":"standardize","targetScaling":"standardize"',
    '{"type":"classification","rows":"validation","available":,"count":,"unanswered":0,"notices":[{"code":',
    '"no-better-than-most-frequent","message":"The model is right in 50.0 % of these rows, no better than always answering ',
    '\\"0\\", which is right in 50.0 %. Try more epochs, another learning rate, or features that tell the classes apart."}],',
    '"classes":["0","1"],"right":,"confusion":[[1,0],[0,1]],"accuracy":0.,"baseline":{"class":"0","accuracy":0.5},',
    '"perClass":[{"class":"0","precision":1,"recall":1,"f1":1,"support":},{"class":"1","precision":0.5,"recall":0.5,"f1":',
    '0.5,"support":2}],"macro":{"precision":0.,"recall":0.,"f1":0.},"twoClasses":null}',
    '"twoClasses":{"positive":"1","threshold":0.5,"rocAuc":0.,"averagePrecision":0.,"thresholds":[{"threshold":0.5,',
    '"truePositives":1,"falsePositives":0,"trueNegatives":1,"falseNegatives":0},{"threshold":0.4,"truePositives":2,',
    '"falsePositives":1,"trueNegatives":2,"falseNegatives":1},{"threshold":0.',
    '{"network":{"inputShape":[2],"layers":[{"type":"dense","units":4,"activation":"sigmoid","useBias":true,',
    '"kernelInitializer":"glorotUniform"},{"type":"dense","units":1,"activation":"sigmoid","useBias":true,',
    '"kernelInitializer":"glorotUniform"}]},"layers":[{"index":0,"type":"dense","activation":"relu","inputShape":[4],',
    '"outputShape":[16],"parameters":},{"index":1,"type":"dense","activation":"sigmoid","inputShape":[2],"outputShape":[1],',
    '"parameters":}],"coding":{"features":[{"type":"number","name":"x1","offset":0,"scale":1},{"type":"number","name":"x2",',
    '"offset":0.,"scale":0.}],"target":{"type":"number","names":["y"],"binary":true},"ignored":["y"]},',
    '"tensors":[{"name":"layers.0.weight","shape":[16,4],"offset":0},{"name":"layers.0.bias","shape":[16],"offset":64},',
    '{"name":"layers.1.weight","shape":[3,16],"offset":80},{"name":"layers.1.bias","shape":[3],"offset":128}]}',
    '"loss":"binaryCrossentropy","optimizer":{"type":"sgd","learningRate":0.1,"momentum":0,"nesterov":false,"weightDecay":0},',
    '"epochs":1000,"batchSize":4,"sampling":"shuffle","seed":1,"dataset":"xor","validationSplit":0,"split":"random",',
    '"scaling":"none","targetScaling":"none","threads":1}',
  ].join(''),
)

/** The window holds the whole dictionary. */
const options = { dictionary, windowBits: 13, memLevel: 6 }

export function packJson(value: unknown): Buffer<ArrayBuffer> {
  const text = Buffer.from(JSON.stringify(value))
  if (text.length > maximumDeflatedBytes) return Buffer.concat([Buffer.of(plain), text])
  return Buffer.concat([Buffer.of(deflated), deflateRawSync(text, options)])
}

/** @throws Error for an unknown format */
export function unpackText(bytes: Uint8Array): string {
  const content = bytes.subarray(1)
  if (bytes[0] === plain) return Buffer.from(content.buffer, content.byteOffset, content.length).toString()
  if (bytes[0] === deflated) return inflateRawSync(content, options).toString()
  throw new Error(`packed JSON has the unknown format ${bytes[0]}`)
}

export const unpackJson = (bytes: Uint8Array): unknown => JSON.parse(unpackText(bytes))
