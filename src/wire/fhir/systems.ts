/** Identifier and code systems that several resources of the hub use. */

/** Organisasjonsnummer (Brønnøysundregistrene). */
export const ORGNR_SYSTEM = 'urn:oid:2.16.578.1.12.4.1.4.101'
/** HPR-nummer: health personnel register. */
export const HPR_SYSTEM = 'urn:oid:2.16.578.1.12.4.1.4.4'
/** Volven 9060: category of health personnel. */
export const CATEGORY_SYSTEM = 'urn:oid:2.16.578.1.12.4.1.1.9060'
/** DICOM UIDs as FHIR identifiers: value `urn:oid:<uid>`. */
export const DICOM_UID_SYSTEM = 'urn:dicom:uid'
export const ACT_REASON_SYSTEM = 'http://terminology.hl7.org/CodeSystem/v3-ActReason'

/** Systems of the hub's own. */
export const CLIENT_SYSTEM = 'https://samsyn.no/fhir/NamingSystem/client'
export const HANDLE_SYSTEM = 'https://samsyn.no/fhir/NamingSystem/practitioner-handle'
export const DISCLOSURE_SYSTEM = 'https://samsyn.no/fhir/NamingSystem/disclosure'
export const AUDIT_ACT_SYSTEM = 'https://samsyn.no/fhir/CodeSystem/audit-act'
