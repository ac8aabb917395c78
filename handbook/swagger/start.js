// Shows the OpenAPI document that lies beside this page; nothing is fetched from elsewhere.
"use strict";

window.SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#page",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  persistAuthorization: false,
  showExtensions: true,
  tryItOutEnabled: false,
  validatorUrl: null,
});
