// Posts the answer to the department's site (OAuth 2.0 Form Post Response Mode) without waiting for the button.
"use strict";

document.querySelector("form[data-form-post]")?.submit();
