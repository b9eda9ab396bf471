import './styles/tokens.css';
import './styles/base.css';
import './styles/window.css';
import './styles/controls.css';
import './styles/content.css';
import './styles/layout.css';
import { render } from 'preact';
import { App } from './app';
import { start } from './state/start';

const root = document.getElementById('app');
if (root !== null) render(<App />, root);
void start();
