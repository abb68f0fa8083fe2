import { render } from 'preact';
import '../shared/look.css';
import '../playground/playground.css';
import { App } from '../playground/app';
import { Bench } from '../playground/editing/bench';
import { editOf } from '../playground/editing/edit';

const page = document.getElementById('page');
if (page !== null) render(<App edit={editOf(new Bench())} />, page);
