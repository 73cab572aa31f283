/** Codes by which a Consent names what the decision knows. */

export const CONSENT_SCOPE_SYSTEM = 'http://terminology.hl7.org/CodeSystem/consentscope'
export const CONSENT_ACTION_SYSTEM = 'http://terminology.hl7.org/CodeSystem/consentaction'
export const PARTICIPATION_SYSTEM = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType'
export const DICOM_SYSTEM = 'http://dicom.nema.org/resources/ontology/DCM'
export const SNOMED = 'http://snomed.info/sct'
/** The hub's own actions: `find`, `read-report`, `view-images`. */
export const ACTION_SYSTEM = 'https://samsyn.no/fhir/CodeSystem/action'

/** norway.md section 4: the number's registered system, the one of Brønnøysund and one in use at HelseID. */
export const ORGNR_ALIASES = [
  'urn:oid:2.16.578.1.12.4.1.4.101',
  'urn:oid:2.16.578.1.12.4.1.2.101',
  'http://data.brreg.no/begrep/28155',
]

/** v3-ParticipationType: who receives, and whose custody the material is in. */
export const RECIPIENT_ROLES = ['IRCP', 'PRCP']
export const CUSTODIAN_ROLES = ['CST']

/** v3-ActReason, by its URL and by the OID of the trust framework. */
export const PURPOSE_SYSTEMS = [
  'http://terminology.hl7.org/CodeSystem/v3-ActReason',
  'urn:oid:2.16.840.1.113883.1.11.20448',
]

/** A purpose outside this list would make a block that never matches. */
export const PURPOSES = [
  'TREAT',
  'ETREAT',
  'COC',
  'BTG',
  'CAREMGT',
  'HPAYMT',
  'HOPERAT',
  'HRESCH',
  'PATRQT',
  'PUBHLTH',
  'HMARKT',
]

/** consentaction: those that mean any way of seeing what is there. */
export const SEEING_ACTIONS = ['access', 'use', 'disclose']

/** consent-data-meaning: those that speak of the object referred to. */
export const OBJECT_MEANINGS = ['instance', 'related', 'dependents']
