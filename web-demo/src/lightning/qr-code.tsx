/** An invoice to be scanned, or copied. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { CopyButton } from '../ui/copy';
import { qrPath } from './qr';

export interface InvoiceQrProps {
  invoice: string;
  /** What scanning it pays, such as “2 100 sats to Postfun”: for those who do not see the code. */
  what: string;
}

export function InvoiceQr({ invoice, what }: InvoiceQrProps): JSX.Element {
  const { side, path } = useMemo(() => qrPath(invoice), [invoice]);
  return (
    <figure class="invoice-qr">
      {/* Black on white in every theme: many scanners read nothing else. */}
      <svg role="img" aria-label={`QR code of a Lightning invoice: ${what}`} viewBox={`0 0 ${side} ${side}`}>
        <rect width={side} height={side} fill="#fff" />
        <path d={path} fill="#000" shape-rendering="crispEdges" />
      </svg>
      <figcaption>
        <a href={`lightning:${invoice}`}>Open in a wallet</a>{' '}
        <CopyButton label="Copy the invoice" text={() => invoice} />
      </figcaption>
    </figure>
  );
}
