import type { Texts } from './en.js';

/** Was E-Mails sagen, auf Deutsch. */
export const de: Texts = {
  dashboardButton: 'Zum Dashboard',
  signInHint: (site) =>
    `Falls die Seite wissen möchte, wer Sie sind: Melden Sie sich bei ${site} an und öffnen Sie sie von dort. Wir verschicken nie Links, die Sie anmelden.`,

  footer: {
    optional: (brand) => `Sie erhalten diese E-Mail, weil Sie Partner von ${brand} sind.`,
    service: (brand) =>
      `Sie erhalten diese E-Mail, weil Sie Partner von ${brand} sind. Es geht um Ihr Konto oder Ihr Geld, deshalb lässt sie sich nicht abbestellen.`,
    unsubscribe: {
      first_conversion: 'Keine E-Mails mehr über erste Kunden',
      monthly_statement: 'Keine Monatsabrechnungen mehr per E-Mail',
      payout_paid: 'Keine E-Mails mehr über Auszahlungen',
    },
  },

  welcome: {
    subject: (brand) => `Willkommen im Partnerprogramm von ${brand}`,
    preheader: (rate) => `Ihr Link ist bereit. Teilen Sie ihn und verdienen Sie ${rate} an den Zahlungen Ihrer Kunden.`,
    heading: (name) => `Willkommen, ${name}`,
    intro: (brand, rate, months) =>
      `Sie sind jetzt Partner von ${brand}. Wer sich über Ihren Link anmeldet und zahlender Kunde wird, bringt Ihnen ${rate} jeder Zahlung ohne Steuern ein, ${
        months === null ? 'solange er bleibt' : months === 1 ? 'im ersten Monat' : `in den ersten ${months} Monaten`
      }.`,
    link: 'Ihr Link',
    steps: [
      'Teilen Sie Ihren Link dort, wo Ihre Empfehlung Menschen weiterhilft.',
      'Richten Sie einmal Ihre Auszahlungen ein, im Dashboard. Stripe fragt, wer Sie sind und wohin das Geld gehen soll; das dauert wenige Minuten.',
      'Ausgezahlt wird einmal im Monat, ganz von selbst.',
    ],
  },

  firstConversion: {
    subject: 'Ihr erster Kunde hat bezahlt',
    preheader: (amount) =>
      amount === null ? 'Jemand, der über Ihren Link kam, ist jetzt Kunde.' : `Sie haben ${amount} verdient.`,
    heading: 'Ihr erster Kunde',
    intro: (date) => `Jemand, der über Ihren Link kam, ist seit dem ${date} zahlender Kunde.`,
    figure: 'Ihre erste Provision',
    heldUntil: (date) => `Bis ${date} zurückgehalten, falls der Kunde sein Geld zurückhaben möchte`,
    payable: 'Bereit für die nächste Auszahlung',
    more: 'Auch seine nächsten Zahlungen bringen Ihnen etwas ein. Das Dashboard zeigt, wie jeder Betrag zustande kommt.',
    setUpPayouts:
      'Ihre Auszahlungen sind noch nicht eingerichtet. Holen Sie das jetzt nach, damit das Geld mit der nächsten Auszahlung bei Ihnen ankommt.',
  },

  monthlyStatement: {
    subject: (month) => `Ihre Abrechnung für ${month}`,
    preheader: (earned, paid) => (paid === null ? `${earned} verdient.` : `${earned} verdient, ${paid} ausgezahlt.`),
    heading: (month) => `Ihre Abrechnung für ${month}`,
    month: (month, currency) => `${month}, in ${currency}`,
    earned: 'Verdient',
    reversed: 'Zurückgenommen nach Erstattungen und Rückbuchungen',
    adjusted: 'Korrekturen',
    total: 'Verdient insgesamt',
    balance: (currency) => `Auszahlung und Guthaben, in ${currency}`,
    paid: (date) => `Ausgezahlt am ${date}`,
    inPayout: 'Auf dem Weg zu Ihnen',
    held: 'Zurückgehalten',
    payable: 'Auszahlbar',
    next: (date) => `Die nächste Auszahlung ist am ${date}.`,
    why: 'Das Dashboard erklärt jeden Betrag und enthält die Abrechnung jeder Auszahlung als PDF.',
    skipped: (amount, minimum) => ({
      below_minimum: `${amount} wurden diesmal nicht ausgezahlt: Ausgezahlt wird ab ${minimum}. Das Geld bleibt für die nächste Auszahlung stehen.`,
      negative_balance: `Ihr Guthaben liegt unter null (${amount}): Zahlungen, für die Sie schon Geld bekommen haben, wurden erstattet. Ihre nächsten Provisionen gleichen das aus.`,
      not_onboarded: `${amount} konnten nicht ausgezahlt werden: Ihre Auszahlungen sind noch nicht eingerichtet. Das Geld bleibt für Sie stehen.`,
      account_restricted: `${amount} konnten nicht ausgezahlt werden: Stripe hat die Auszahlungen auf Ihr Konto ausgesetzt. Das Dashboard sagt, was Stripe braucht.`,
      suspended: `${amount} wurden nicht ausgezahlt, da Ihr Konto gesperrt ist.`,
      under_review: `${amount} wurden diesmal nicht ausgezahlt, da wir noch etwas prüfen. Sie müssen nichts tun.`,
      currency_unavailable: `${amount} konnten diesmal nicht ausgezahlt werden; das liegt an uns. Das Geld bleibt für die nächste Auszahlung stehen.`,
    }),
  },

  payoutPaid: {
    subject: (amount) => `Wir haben Ihnen ${amount} ausgezahlt`,
    preheader: (date) => `Am ${date} an Ihr Stripe-Konto gesendet.`,
    heading: 'Ihre Auszahlung ist unterwegs',
    intro: (date) => `Wir haben Ihre Auszahlung am ${date} an Ihr Stripe-Konto gesendet.`,
    figure: 'Ihre Auszahlung',
    rows: { period: 'Auszahlung für', paidAt: 'Gesendet am', reference: 'Referenz' },
    arrival:
      'Stripe leitet sie an Ihre Bank weiter. Wann sie dort ankommt, hängt von der Bank und von Ihren Einstellungen bei Stripe ab; meist dauert es einige Werktage.',
    statementButton: 'Zur Abrechnung',
  },

  actionNeeded: {
    setUpPayouts: {
      subject: (amounts) => `Richten Sie Ihre Auszahlungen ein, um ${amounts} zu erhalten`,
      preheader: 'Wir konnten Sie nicht auszahlen, denn Stripe kennt Sie noch nicht.',
      heading: (amounts) => `${amounts} warten auf Sie`,
      text: (amounts, date) =>
        `Bei der Auszahlung am ${date} hätten wir Ihnen ${amounts} gezahlt. Das ging nicht, weil Ihre Auszahlungen noch nicht fertig eingerichtet sind.`,
      what: 'Öffnen Sie das Dashboard und wählen Sie „Auszahlungen einrichten“. Stripe fragt, wer Sie sind und wohin das Geld gehen soll; das dauert wenige Minuten.',
      next: (date) => `Nichts geht verloren: Was wartet, kommt mit der nächsten Auszahlung am ${date}.`,
    },
    bankPayoutFailed: {
      subject: (amount) => `Ihre Bank hat ${amount} zurückgeschickt`,
      preheader: 'Ihr Geld ist sicher. Bitte prüfen Sie Ihre Bankverbindung.',
      heading: (amount) => `Ihre Bank hat ${amount} zurückgeschickt`,
      text: (amount) => `Stripe konnte ${amount} nicht auf Ihr Bankkonto auszahlen.`,
      safe: 'Das Geld liegt sicher in Ihrem Stripe-Guthaben. Wir senden es nicht noch einmal; Stripe versucht es von selbst erneut, sobald die Bankverbindung stimmt.',
      what: 'Öffnen Sie das Dashboard, gehen Sie zu den Auszahlungen und prüfen Sie Ihre Bankverbindung.',
    },
    accountRestricted: {
      subject: 'Stripe hat Ihre Auszahlungen ausgesetzt',
      preheader: 'Bitte sehen Sie nach, was Stripe von Ihnen braucht.',
      heading: 'Stripe hat Ihre Auszahlungen ausgesetzt',
      text: 'Stripe lässt zurzeit kein Geld auf Ihr Konto durch. Was Sie inzwischen verdienen, bleibt für Sie stehen.',
      what: 'Das Dashboard sagt in einfachen Worten, was Stripe braucht; meist fehlt eine Angabe oder ein Dokument.',
    },
    accountGone: {
      subject: 'Ihr Stripe-Konto wurde geschlossen oder getrennt',
      preheader: 'Bitte verbinden Sie ein Konto, damit wir Sie auszahlen können.',
      heading: 'Wir können Sie nicht mehr auszahlen',
      text: 'Ihr Stripe-Konto wurde geschlossen oder von uns getrennt. Was Sie verdient haben, bleibt für Sie stehen.',
      what: 'Öffnen Sie das Dashboard und richten Sie Ihre Auszahlungen neu ein.',
    },
    requirementsDue: {
      subject: (date) => `Stripe braucht bis ${date} etwas von Ihnen`,
      preheader: 'Noch können Sie ausgezahlt werden. Damit es so bleibt, fehlt Stripe etwas.',
      heading: (date) => `Stripe braucht bis ${date} etwas von Ihnen`,
      text: (date) =>
        `Noch können Sie ausgezahlt werden. Bekommt Stripe bis ${date} nicht, was es braucht, setzt es Ihre Auszahlungen aus.`,
      what: 'Das Dashboard sagt in einfachen Worten, was fehlt, und bringt Sie zu Stripe.',
    },
  },

  unsubscribePage: {
    title: (what) => `${what}?`,
    confirm: 'Abbestellen',
    still: 'E-Mails zu Ihrem Konto und zu Geld, das feststeckt, erreichen Sie weiterhin.',
    doneTitle: 'Abbestellt',
    done: 'Sie erhalten diese E-Mails nicht mehr.',
    undo: 'Doch wieder erhalten',
    undoneTitle: 'Wieder eingeschaltet',
    undone: 'Sie erhalten diese E-Mails wieder.',
    invalidTitle: 'Dieser Link gilt nicht',
    invalid: 'Vielleicht wurde er abgeschnitten, oder er ist zu alt. Im Dashboard können Sie Ihre E-Mails auswählen.',
    toPortal: 'Zum Dashboard',
    what: {
      first_conversion: 'Keine E-Mail über Ihren ersten Kunden',
      monthly_statement: 'Keine Monatsabrechnungen per E-Mail',
      payout_paid: 'Keine E-Mails über Auszahlungen',
    },
  },
};
