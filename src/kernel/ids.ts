/** Identifiers told apart by the compiler. A parser in `domain/` is the only way to make one from text. */
declare const brand: unique symbol
type Branded<Name extends string> = string & { readonly [brand]: Name }

/** FHIR id of the member's `Organization`. */
export type OrganizationId = Branded<'OrganizationId'>
/** FHIR id of the hub's `Patient`; never a national id. */
export type PatientId = Branded<'PatientId'>
/** FHIR id of an `ImagingStudy`: one custodian's copy of one study. */
export type ImagingStudyId = Branded<'ImagingStudyId'>
export type ClientId = Branded<'ClientId'>
export type GrantId = Branded<'GrantId'>
export type SourceId = Branded<'SourceId'>
/** (0020,000D) */
export type StudyUid = Branded<'StudyUid'>
/** (0020,000E) */
export type SeriesUid = Branded<'SeriesUid'>
/** (0008,0018) */
export type InstanceUid = Branded<'InstanceUid'>
