/** A field of an action's form, beside its reason. */
export interface ActionField {
  name: string;
  label: string;
  kind: 'text' | 'number' | 'choice' | 'email' | 'password';
  choices?: { value: string; label: string }[];
  required?: boolean;
  /** What it stands at before anybody touches it. */
  value?: string;
  /** Of the record: the parameter that it stands at before anybody touches it. */
  from?: string;
  help?: string;
}

/** What the page of an action's form is sent. Types alone: the page is built for browsers and must import nothing of the service. */
export interface ActionFormContent {
  label: string;
  /** What it does, in full sentences, above the form. */
  explains: string;
  isDangerous: boolean;
  fields: ActionField[];
  /** Set where the answer is a file: the browser sends the form itself. */
  download?: boolean;
}
