/**
 * The types whose resources are one patient's (R4 CompartmentDefinition "patient", as far as the registry says of
 * its rows whose they are). The log tells of patients as well, and is asked by itself.
 */
export const PATIENT_COMPARTMENT = [
  'Patient',
  'ImagingStudy',
  'DiagnosticReport',
  'Observation',
  'ServiceRequest',
  'Task',
  'DocumentReference',
  'List',
  'Consent',
  'Provenance',
] as const
