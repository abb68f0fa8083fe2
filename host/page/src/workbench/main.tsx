import { render } from 'preact';
import '../shared/look.css';

const page = document.getElementById('page');
if (page !== null) render(<h1>Solgate workbench</h1>, page);
