/** A part of an e-mail's body. HTML and plain text are drawn from the same parts, so that they say the same. */
export type Block =
  | { kind: 'paragraph'; text: string }
  | { kind: 'steps'; steps: string[] }
  /** One figure that the e-mail is about. */
  | { kind: 'figure'; label: string; value: string; note?: string }
  | { kind: 'table'; title?: string; rows: TableRow[] }
  /** Something to do or to know before anything else. */
  | { kind: 'notice'; text: string }
  /** An address to copy. */
  | { kind: 'address'; label: string; url: string }
  | { kind: 'button'; label: string; url: string }
  /** What helps those who need it, in small print. */
  | { kind: 'hint'; text: string };

export interface TableRow {
  label: string;
  value: string;
  /** What the rows above come to. */
  isTotal?: boolean;
}

/** What one template says about one occasion, in one language. */
export interface MailBody {
  subject: string;
  /** What lists of e-mails show after the subject. */
  preheader: string;
  heading: string;
  blocks: Block[];
}

/** A whole e-mail, without its envelope. */
export interface MailContent extends MailBody {
  locale: string;
  /** Who it is from, in its head. */
  brand: string;
  footer: {
    /** Why the reader gets this. */
    reason: string;
    /** How to get it no more, for what can be switched off. */
    unsubscribe: { label: string; url: string } | null;
  };
}
