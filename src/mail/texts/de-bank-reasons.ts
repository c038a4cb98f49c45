/** Why a bank sent a payout back, by Stripe's code for it, as the middle of a sentence; see bank-payout-failure.ts for the English. */
const BANK_REASONS: Record<string, string> = {
  account_closed: 'das Bankkonto wurde geschlossen',
  account_frozen: 'das Bankkonto ist gesperrt',
  bank_account_restricted: 'das Bankkonto nimmt solche Zahlungen nicht an',
  bank_ownership_changed: 'das Bankkonto gehört jetzt zu einer anderen Bank',
  could_not_process: 'die Bank konnte die Zahlung nicht ausführen',
  debit_not_authorized: 'die Bank erlaubt Stripe keine Abbuchung von dem Konto',
  declined: 'die Bank hat die Zahlung abgelehnt',
  expired_card: 'die Karte ist abgelaufen',
  incorrect_account_holder_address: 'die Adresse des Inhabers ist nicht die, die die Bank kennt',
  incorrect_account_holder_name: 'der Name des Inhabers ist nicht der, den die Bank kennt',
  incorrect_account_holder_tax_id: 'die Steuernummer des Inhabers ist nicht die, die die Bank kennt',
  incorrect_account_type: 'die Art des Bankkontos ist nicht die angegebene',
  insufficient_funds: 'das Stripe-Guthaben reichte nicht aus',
  invalid_account_number: 'die Kontonummer ist ungültig',
  invalid_account_number_length: 'die Kontonummer hat die falsche Länge',
  invalid_card: 'die Karte ist ungültig',
  invalid_currency: 'das Bankkonto nimmt diese Währung nicht an',
  lost_or_stolen_card: 'die Karte wurde als verloren oder gestohlen gemeldet',
  no_account: 'die Bank kennt kein solches Konto',
  refer_to_card_issuer: 'die Bank, von der die Karte ist, lehnt die Zahlung ab',
  unsupported_card: 'die Karte kann keine Zahlungen empfangen',
};

export function bankReason(code: string | null): string {
  if (code === null || code === '') return 'die Bank nannte keinen Grund';
  return BANK_REASONS[code] ?? `die Bank hat abgelehnt (${code.replaceAll('_', ' ')})`;
}
