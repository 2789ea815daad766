/** The column properties that a file takes over from a dataset or a model with `like`. */
import type { Coding, Column, FeatureCoding } from '../contract/dataset.js'
import type { LikeColumn } from '../contract/preparation.js'

export function likeDataset(columns: readonly Column[]): LikeColumn[] {
  return columns.map(({ name, type, role, imputation, dateOrder, decimal, missingTexts }) => ({
    name,
    type,
    role,
    ...(imputation === undefined ? {} : { imputation }),
    ...(dateOrder === undefined ? {} : { dateOrder }),
    ...(decimal === undefined ? {} : { decimal }),
    ...(missingTexts === undefined ? {} : { missingTexts }),
  }))
}

export function likeModel({ features, target, ignored = [] }: Coding): LikeColumn[] {
  const targets = targetColumns(target)
  const names = new Set(targets.map(({ name }) => name))
  return [
    ...features.map(likeFeature),
    ...targets,
    ...ignored
      .filter((name) => !names.has(name))
      .map((name) => ({ name, type: 'ignored' as const, role: 'none' as const })),
  ]
}

function likeFeature(feature: FeatureCoding): LikeColumn {
  const { name, type, missingTexts } = feature
  const order = feature.type === 'date' ? feature.dateOrder : undefined
  const decimal = feature.type === 'number' ? feature.decimal : undefined
  return {
    name,
    type,
    role: 'feature',
    keepsMissing: true,
    ...(order === undefined ? {} : { dateOrder: order }),
    ...(decimal === undefined ? {} : { decimal }),
    ...(missingTexts === undefined ? {} : { missingTexts }),
  }
}

function targetColumns(target: Coding['target']): LikeColumn[] {
  switch (target.type) {
    case 'oneHot':
    case 'binary':
      return [{ name: target.name, type: 'category', role: 'target', classes: target.classes }]
    case 'number':
    case 'multiLabel': {
      const type = target.type === 'number' ? 'number' : 'boolean'
      return target.names.map((name) => ({ name, type, role: 'target' }))
    }
    default:
      return target satisfies never
  }
}
