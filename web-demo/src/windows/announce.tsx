/** Reads the quote, and what is wrong with the amount, to people who listen: one sentence once typing pauses. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { tokensOf } from '../api/model';
import { outcome, shortfall } from '../state/draft';
import { amount } from '../ui/amount';
import { percentOfPpm } from '../ui/format';

const PAUSE_MS = 700;

export function QuoteAnnouncer(): JSX.Element {
  const sentence = quoteSentence();
  const [spoken, speak] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => speak(sentence), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [sentence]);
  return (
    <p class="only-read" role="status" id="quote-spoken">
      {spoken}
    </p>
  );
}

function quoteSentence(): string {
  const current = outcome.value;
  if (current.kind === 'refused') return current.sentence;
  if (current.kind === 'empty') return '';
  const { quote, pool } = current;
  const { give, get } = tokensOf(pool, quote.side);
  const offer = `${amount(quote.amountIn, give)} gives ${amount(quote.amountOut, get)}.`;
  return `${offer} Price impact ${percentOfPpm(quote.priceImpactPpm)}. ${shortfall.value ?? ''}`.trim();
}
