import { render } from 'preact';
import '../shared/look.css';
import './playground.css';
import { App } from './app';

const page = document.getElementById('page');
if (page !== null) render(<App />, page);
