/** Code systems of a svarrapport of radiology. */

/** FHIR system of a code system of Volven by its number. */
export const VOLVEN = (number: number): string => `urn:oid:2.16.578.1.12.4.1.1.${number}`

/** Volven 8202: the types of report that are about images. */
export const CATEGORIES: ReadonlySet<string> = new Set([
  'BLD',
  'RAD',
  'RTG',
  'CT',
  'MR',
  'UL',
  'MA',
  'NUK',
  'SCI',
])

export interface Heading {
  readonly display: string
  /** Whether it says what the findings mean, rather than what they are. */
  readonly concludes: boolean
}

/** Volven 8243: what a text is. */
export const HEADINGS: Readonly<Record<string, Heading>> = {
  AN: { display: 'Analyse', concludes: false },
  DIAG: { display: 'Diagnose', concludes: true },
  FU: { display: 'Funn og undersøkelsesresultater', concludes: false },
  GR: { display: 'Gruppe', concludes: false },
  LR: { display: 'Laboratorieresultat', concludes: false },
  UP: { display: 'Ubesvarte prøver', concludes: false },
  VU: { display: 'Vurdering', concludes: true },
  XX: { display: 'Uspesifisert', concludes: false },
}
