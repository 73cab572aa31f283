/** The words for each reason of the decision, in bokmål, nynorsk and English (norway.md section 15). */
import type { ReasonCode } from './decision.ts'

export type Language = 'nb' | 'nn' | 'en'

export const REASON_TEXTS: Readonly<Record<ReasonCode, Readonly<Record<Language, string>>>> = {
  'member-inactive': {
    nb: 'Virksomheten er ikke aktivt medlem av nettverket.',
    nn: 'Verksemda er ikkje aktiv medlem av nettverket.',
    en: 'The organisation is not an active member of the network.',
  },
  'role-missing': {
    nb: 'Virksomheten har ingen rolle som dekker handlingen.',
    nn: 'Verksemda har inga rolle som dekkjer handlinga.',
    en: 'The organisation has no role that covers the action.',
  },
  'scope-missing': {
    nb: 'Tilgangsbeviset dekker ikke handlingen.',
    nn: 'Tilgangsbeviset dekkjer ikkje handlinga.',
    en: 'The access token does not cover the action.',
  },
  'grant-ended': {
    nb: 'Tilgangen er utløpt eller trukket tilbake.',
    nn: 'Tilgangen er gått ut eller trekt tilbake.',
    en: 'The grant has expired or was revoked.',
  },
  'open-to-members': {
    nb: 'Handlingen viser ikke opplysninger som andre er dataansvarlig for.',
    nn: 'Handlinga viser ikkje opplysningar som andre er dataansvarleg for.',
    en: 'The action shows no information that another member is custodian of.',
  },
  'outside-grant': {
    nb: 'Tilgangen gjelder en annen pasient, andre undersøkelser eller andre handlinger.',
    nn: 'Tilgangen gjeld ein annan pasient, andre undersøkingar eller andre handlingar.',
    en: 'The grant is for another patient, other studies or other actions.',
  },
  'own-material': {
    nb: 'Virksomheten har selv gjort opplysningene tilgjengelige.',
    nn: 'Verksemda har sjølv gjort opplysningane tilgjengelege.',
    en: 'The organisation published the information itself.',
  },
  'no-basis': {
    nb: 'Det er ikke attestert noe grunnlag for tilgang til denne pasienten.',
    nn: 'Det er ikkje attestert noko grunnlag for tilgang til denne pasienten.',
    en: 'No basis for access to this patient has been attested.',
  },
  'not-shared': {
    nb: 'Den dataansvarlige deler ikke dette med virksomheten til dette formålet.',
    nn: 'Den dataansvarlege deler ikkje dette med verksemda til dette føremålet.',
    en: 'The custodian does not share this with the organisation for this purpose.',
  },
  'no-consent': {
    nb: 'Pasienten har ikke samtykket.',
    nn: 'Pasienten har ikkje samtykt.',
    en: 'The patient has not consented.',
  },
  blocked: {
    nb: 'Pasienten har sperret opplysningene.',
    nn: 'Pasienten har sperra opplysningane.',
    en: 'The patient has blocked the information.',
  },
  'label-withheld': {
    nb: 'Opplysningene er merket slik at helsepersonell ved andre virksomheter ikke får se dem.',
    nn: 'Opplysningane er merkte slik at helsepersonell ved andre verksemder ikkje får sjå dei.',
    en: 'The information is labelled so that personnel of other organisations may not see it.',
  },
  care: {
    nb: 'Opplysningene er nødvendige for å gi helsehjelp, og ingenting er til hinder.',
    nn: 'Opplysningane er naudsynte for å gi helsehjelp, og ingenting er til hinder.',
    en: 'The information is needed for care, and nothing stands against it.',
  },
  'glass-broken': {
    nb: 'Nødtilgang: sperringen er overstyrt. Den dataansvarlige får det til gjennomgang.',
    nn: 'Naudtilgang: sperringa er overstyrt. Den dataansvarlege får det til gjennomgang.',
    en: 'Emergency access: the block was overridden. It waits for the custodian’s review.',
  },
}
