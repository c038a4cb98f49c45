import { bankReason } from './de-bank-reasons.js';
import type { Texts } from './en.js';

/** Was E-Mails sagen, auf Deutsch. */
export const de: Texts = {
  dashboardButton: 'Zum Dashboard',
  signInHint: (site) =>
    `Falls die Seite wissen möchte, wer du bist: Melde dich bei ${site} an und öffne sie von dort. Wir verschicken nie Links, die dich anmelden.`,

  footer: {
    optional: (brand) => `Du erhältst diese E-Mail, weil du Partner von ${brand} bist.`,
    service: (brand) =>
      `Du erhältst diese E-Mail, weil du Partner von ${brand} bist. Es geht um dein Konto oder dein Geld, deshalb lässt sie sich nicht abbestellen.`,
    unsubscribe: {
      first_conversion: 'Keine E-Mails mehr über erste Kunden',
      monthly_statement: 'Keine Monatsabrechnungen mehr per E-Mail',
      payout_paid: 'Keine E-Mails mehr über Auszahlungen',
    },
  },

  welcome: {
    subject: (brand) => `Willkommen im Partnerprogramm von ${brand}`,
    preheader: (rate) => `Dein Link ist bereit. Teile ihn und verdiene ${rate} an den Zahlungen deiner Kunden.`,
    heading: (name) => `Willkommen, ${name}`,
    intro: (brand, rate, months) =>
      `Du bist jetzt Partner von ${brand}. Wer sich über deinen Link anmeldet und zahlender Kunde wird, bringt dir ${rate} jeder Zahlung ohne Steuern ein, ${
        months === null ? 'solange er bleibt' : months === 1 ? 'im ersten Monat' : `in den ersten ${months} Monaten`
      }.`,
    link: 'Dein Link',
    steps: [
      'Teile deinen Link dort, wo deine Empfehlung Menschen weiterhilft.',
      'Richte einmal deine Auszahlungen ein, im Dashboard. Stripe fragt, wer du bist und wohin das Geld gehen soll; das dauert wenige Minuten.',
      'Ausgezahlt wird einmal im Monat, ganz von selbst.',
    ],
  },

  firstConversion: {
    subject: 'Dein erster Kunde hat bezahlt',
    preheader: (amount) =>
      amount === null ? 'Jemand, der über deinen Link kam, ist jetzt Kunde.' : `Du hast ${amount} verdient.`,
    heading: 'Dein erster Kunde',
    intro: (date) => `Jemand, der über deinen Link kam, ist seit dem ${date} zahlender Kunde.`,
    figure: 'Deine erste Provision',
    heldUntil: (date) => `Bis ${date} zurückgehalten, falls der Kunde sein Geld zurückhaben möchte`,
    payable: 'Bereit für die nächste Auszahlung',
    more: 'Auch seine nächsten Zahlungen bringen dir etwas ein. Das Dashboard zeigt, wie jeder Betrag zustande kommt.',
    setUpPayouts:
      'Deine Auszahlungen sind noch nicht eingerichtet. Hole das jetzt nach, damit das Geld mit der nächsten Auszahlung bei dir ankommt.',
  },

  monthlyStatement: {
    subject: (month) => `Deine Abrechnung für ${month}`,
    preheader: (earned, paid) => (paid === null ? `${earned} verdient.` : `${earned} verdient, ${paid} ausgezahlt.`),
    heading: (month) => `Deine Abrechnung für ${month}`,
    month: (month, currency) => `${month}, in ${currency}`,
    earned: 'Verdient',
    reversed: 'Zurückgenommen nach Erstattungen und Rückbuchungen',
    adjusted: 'Korrekturen',
    total: 'Verdient insgesamt',
    balance: (currency) => `Auszahlung und Guthaben, in ${currency}`,
    paid: (date) => `Ausgezahlt am ${date}`,
    inPayout: 'Auf dem Weg zu dir',
    held: 'Zurückgehalten',
    payable: 'Auszahlbar',
    next: (date) => `Die nächste Auszahlung ist am ${date}.`,
    why: 'Das Dashboard erklärt jeden Betrag und enthält die Abrechnung jeder Auszahlung als PDF.',
    skipped: (amount, minimum) => ({
      below_minimum: `${amount} wurden diesmal nicht ausgezahlt: Ausgezahlt wird ab ${minimum}. Das Geld bleibt für die nächste Auszahlung stehen.`,
      negative_balance: `Dein Guthaben liegt unter null (${amount}): Zahlungen, für die du schon Geld bekommen hast, wurden erstattet. Deine nächsten Provisionen gleichen das aus.`,
      not_onboarded: `${amount} konnten nicht ausgezahlt werden: Deine Auszahlungen sind noch nicht eingerichtet. Das Geld bleibt für dich stehen.`,
      account_restricted: `${amount} konnten nicht ausgezahlt werden: Stripe hat die Auszahlungen auf dein Konto ausgesetzt. Das Dashboard sagt, was Stripe braucht.`,
      suspended: `${amount} wurden nicht ausgezahlt, da dein Konto gesperrt ist.`,
      under_review: `${amount} wurden diesmal nicht ausgezahlt, da wir noch etwas prüfen. Du musst nichts tun.`,
      currency_unavailable: `${amount} konnten diesmal nicht ausgezahlt werden; das liegt an uns. Das Geld bleibt für die nächste Auszahlung stehen.`,
    }),
  },

  payoutPaid: {
    subject: (amount) => `Wir haben dir ${amount} ausgezahlt`,
    preheader: (date) => `Am ${date} an dein Stripe-Konto gesendet.`,
    heading: 'Deine Auszahlung ist unterwegs',
    intro: (date) => `Wir haben deine Auszahlung am ${date} an dein Stripe-Konto gesendet.`,
    figure: 'Deine Auszahlung',
    rows: { period: 'Auszahlung für', paidAt: 'Gesendet am', reference: 'Referenz' },
    arrival:
      'Stripe leitet sie an deine Bank weiter. Wann sie dort ankommt, hängt von der Bank und von deinen Einstellungen bei Stripe ab; meist dauert es einige Werktage.',
    statementButton: 'Zur Abrechnung',
  },

  actionNeeded: {
    setUpPayouts: {
      subject: (amounts) => `Richte deine Auszahlungen ein, um ${amounts} zu erhalten`,
      preheader: 'Wir konnten dich nicht auszahlen, denn Stripe kennt dich noch nicht.',
      heading: (amounts) => `${amounts} warten auf dich`,
      text: (amounts, date) =>
        `Bei der Auszahlung am ${date} hätten wir dir ${amounts} gezahlt. Das ging nicht, weil deine Auszahlungen noch nicht fertig eingerichtet sind.`,
      what: 'Öffne das Dashboard und wähle „Auszahlung einrichten“. Stripe fragt, wer du bist und wohin das Geld gehen soll; das dauert wenige Minuten.',
      next: (date) => `Nichts geht verloren: Was wartet, kommt mit der nächsten Auszahlung am ${date}.`,
    },
    bankPayoutFailed: {
      subject: (amount) => `Deine Bank hat ${amount} zurückgeschickt`,
      preheader: 'Dein Geld ist sicher. Bitte prüfe deine Bankverbindung.',
      heading: (amount) => `Deine Bank hat ${amount} zurückgeschickt`,
      text: (amount, reason) => `Stripe konnte ${amount} nicht auf dein Bankkonto auszahlen: ${reason}.`,
      reason: bankReason,
      safe: 'Das Geld liegt sicher in deinem Stripe-Guthaben. Wir senden es nicht noch einmal; Stripe versucht es von selbst erneut, sobald die Bankverbindung stimmt.',
      what: 'Öffne das Dashboard, geh zu den Auszahlungen und prüfe deine Bankverbindung.',
    },
    accountRestricted: {
      subject: 'Stripe hat deine Auszahlungen ausgesetzt',
      preheader: 'Bitte sieh nach, was Stripe von dir braucht.',
      heading: 'Stripe hat deine Auszahlungen ausgesetzt',
      text: 'Stripe lässt zurzeit kein Geld auf dein Konto durch. Was du inzwischen verdienst, bleibt für dich stehen.',
      what: 'Das Dashboard sagt in einfachen Worten, was Stripe braucht; meist fehlt eine Angabe oder ein Dokument.',
    },
    accountGone: {
      subject: 'Dein Stripe-Konto wurde geschlossen oder getrennt',
      preheader: 'Bitte verbinde ein Konto, damit wir dich auszahlen können.',
      heading: 'Wir können dich nicht mehr auszahlen',
      text: 'Dein Stripe-Konto wurde geschlossen oder von uns getrennt. Was du verdient hast, bleibt für dich stehen.',
      what: 'Öffne das Dashboard und richte deine Auszahlungen neu ein.',
    },
    requirementsDue: {
      subject: (date) => `Stripe braucht bis ${date} etwas von dir`,
      preheader: 'Noch kannst du ausgezahlt werden. Damit es so bleibt, fehlt Stripe etwas.',
      heading: (date) => `Stripe braucht bis ${date} etwas von dir`,
      text: (date) =>
        `Noch kannst du ausgezahlt werden. Bekommt Stripe bis ${date} nicht, was es braucht, setzt es deine Auszahlungen aus.`,
      what: 'Das Dashboard sagt in einfachen Worten, was fehlt, und bringt dich zu Stripe.',
    },
  },

  unsubscribePage: {
    title: (what) => `${what}?`,
    confirm: 'Abbestellen',
    still: 'E-Mails zu deinem Konto und zu Geld, das feststeckt, erreichen dich weiterhin.',
    doneTitle: 'Abbestellt',
    done: 'Du erhältst diese E-Mails nicht mehr.',
    undo: 'Doch wieder erhalten',
    undoneTitle: 'Wieder eingeschaltet',
    undone: 'Du erhältst diese E-Mails wieder.',
    invalidTitle: 'Dieser Link gilt nicht',
    invalid: 'Vielleicht wurde er abgeschnitten, oder er ist zu alt. Im Dashboard kannst du deine E-Mails auswählen.',
    toPortal: 'Zum Dashboard',
    what: {
      first_conversion: 'Keine E-Mail über deinen ersten Kunden',
      monthly_statement: 'Keine Monatsabrechnungen per E-Mail',
      payout_paid: 'Keine E-Mails über Auszahlungen',
    },
  },
};
