import { ValueGroup } from '@adminjs/design-system';
import { useTranslation, type ShowPropertyProps } from 'adminjs';
import React from 'react';
import { Link } from 'react-router-dom';
import { recordUrl } from './format.js';

/** AdminJS gives the place to every property's component, though its type says so only of some. */
export type PropertyProps = ShowPropertyProps & { where?: 'show' | 'list' };

/**
 * On a record's page a value stands under its label; in a list the column's head is the label, and the first value leads to
 * the record: AdminJS opens it by a click on the row, which a keyboard cannot make.
 */
export const Labelled: React.FC<PropertyProps & { children: React.ReactNode }> = ({
  property,
  resource,
  record,
  where,
  children,
}) => {
  const { translateProperty } = useTranslation();
  if (where !== 'show') {
    const isFirst = resource.listProperties[0]?.propertyPath === property.propertyPath;
    if (!isFirst || !record.recordActions.some(({ name }) => name === 'show')) return <>{children}</>;
    return (
      <Link
        to={recordUrl(resource.id, record.id)}
        style={{ textDecoration: 'none' }}
        onClick={(event) => event.stopPropagation()}
      >
        {children}
      </Link>
    );
  }
  return <ValueGroup label={translateProperty(property.label, property.resourceId)}>{children}</ValueGroup>;
};

/** The value of a property that the server sent as one JSON text. */
export function jsonOf({ record, property }: PropertyProps): unknown {
  const text: unknown = record.params[property.path];
  return typeof text === 'string' ? JSON.parse(text) : null;
}

export const Nothing: React.FC = () => (
  <span role="img" aria-label="nothing">
    –
  </span>
);
