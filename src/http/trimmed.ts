import { Transform } from 'class-transformer';

/** Takes the white space around a text away before the text is checked: forms and copied addresses bring it along. */
export const Trimmed = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value));
