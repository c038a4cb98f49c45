import { ValueGroup } from '@adminjs/design-system';
import { useTranslation, type ShowPropertyProps } from 'adminjs';
import React from 'react';

/** AdminJS gives the place to every property's component, though its type says so only of some. */
export type PropertyProps = ShowPropertyProps & { where?: 'show' | 'list' };

/** On a record's page a value stands under its label; in a list the column's head is the label. */
export const Labelled: React.FC<PropertyProps & { children: React.ReactNode }> = ({ property, where, children }) => {
  const { translateProperty } = useTranslation();
  if (where !== 'show') return <>{children}</>;
  return <ValueGroup label={translateProperty(property.label, property.resourceId)}>{children}</ValueGroup>;
};

/** The value of a property that the server sent as one JSON text. */
export function jsonOf({ record, property }: PropertyProps): unknown {
  const text: unknown = record.params[property.path];
  return typeof text === 'string' ? JSON.parse(text) : null;
}

export const Nothing: React.FC = () => <span aria-label="nothing">–</span>;
