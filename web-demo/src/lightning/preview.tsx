/** An invoice as it will be paid: amount, memo, expiry, payee, network, or why it cannot be. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Invoice, Network } from 'postfun/bolt11';
import { serverNowSeconds } from '../state/connection';
import { Fact } from '../ui/fact';
import { shorten } from '../ui/format';
import { Notice } from '../ui/notice';
import type { Preview, Reader } from './invoice';
import { loadReader, previewOf } from './invoice';
import { foreignText, remainingText, satsText } from './text';

export interface InvoicePreviewProps {
  /** What was typed or pasted. */
  text: string;
  /** The network that the server pays on. */
  network: Network;
  /** Hears of every new judgement, so that the form knows whether and what it may send. */
  onPreview?: (preview: Preview) => void;
}

export function InvoicePreview({ text, network, onPreview }: InvoicePreviewProps): JSX.Element | null {
  const isEmpty = text.trim() === '';
  const { reader, failed, retry } = useReader(!isEmpty);
  const now = useSeconds();
  const preview = reader === null ? null : previewOf(reader, text, network, now);
  const verdict =
    preview === null ? null : `${preview.kind} ${'refusal' in preview ? preview.refusal?.code : ''}`;
  useEffect(() => {
    if (preview !== null) onPreview?.(preview);
    // The invoice's fields follow from the text, so that only a new text or a new verdict is news.
  }, [text, network, verdict]);
  if (isEmpty) return null;
  if (failed) return <ReaderFailure retry={retry} />;
  if (preview === null) return <p class="muted">Reading the invoice…</p>;
  return (
    <div class="invoice">
      {preview.kind === 'invoice' ? <Facts invoice={preview.invoice} now={now} /> : null}
      <div role="status">
        {'refusal' in preview && preview.refusal !== null ? (
          <Notice tone="danger">
            <p>{preview.refusal.sentence}</p>
          </Notice>
        ) : null}
      </div>
    </div>
  );
}

function Facts({ invoice, now }: { invoice: Invoice; now: number }): JSX.Element {
  const { amountMsat, description, descriptionHash, expiresAtSeconds, payee, network } = invoice;
  return (
    <dl class="figures">
      <Fact name="Amount">{amountMsat === null ? 'not named' : satsText(amountMsat)}</Fact>
      <Fact name="Memo">
        <bdi>
          {description === null
            ? `known by its hash ${shorten(descriptionHash ?? '', 8, 8)}`
            : foreignText(description)}
        </bdi>
      </Fact>
      <Fact name="Expires">{remainingText(expiresAtSeconds, now)}</Fact>
      <Fact name="Payee">
        <code title={payee}>{shorten(payee, 10, 8)}</code>
      </Fact>
      <Fact name="Network">{network}</Fact>
    </dl>
  );
}

function ReaderFailure({ retry }: { retry: () => void }): JSX.Element {
  return (
    <Notice tone="warn">
      <p>The part of this page that reads invoices did not load. Check your connection.</p>
      <button type="button" onClick={retry}>
        Try again
      </button>
    </Notice>
  );
}

/** The module that reads invoices, from the first one on. */
function useReader(wanted: boolean): { reader: Reader | null; failed: boolean; retry: () => void } {
  const [reader, setReader] = useState<Reader | null>(null);
  const [attempt, setAttempt] = useState(0);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (!wanted || reader !== null) return undefined;
    let isCurrent = true;
    setFailed(false);
    loadReader().then(
      (loaded) => isCurrent && setReader(loaded),
      () => isCurrent && setFailed(true),
    );
    return () => {
      isCurrent = false;
    };
  }, [wanted, attempt]);
  return { reader, failed, retry: () => setAttempt(attempt + 1) };
}

/** The server's clock in whole seconds, going on; it decides what has expired. */
export function useSeconds(): number {
  const [now, setNow] = useState(serverNowSeconds);
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNowSeconds()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
