import { render } from 'preact';
import '../shared/look.css';
import './workbench.css';
import { App } from './app';
import { Store, StoreContext } from './state/store';

const page = document.getElementById('page');
if (page !== null) {
  render(<StoreContext.Provider value={new Store()}><App /></StoreContext.Provider>, page);
}
