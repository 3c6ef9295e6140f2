// A slider for each expression.

class Sliders {
  constructor(list, expressions, changed) {
    this.touched = false; // whether somebody has moved one
    const template = document.getElementById("slider");
    this.inputs = expressions.map((expression, k) => {
      const item = template.content.cloneNode(true);
      const input = item.querySelector("input");
      input.id = `expression-${k}`;
      const label = item.querySelector("label");
      label.htmlFor = input.id;
      label.textContent = expression.name.replaceAll(/[_-]/g, " ");
      input.addEventListener("input", () => {
        this.touched = true;
        this.show(input);
        changed();
      });
      list.append(item);
      return input;
    });
    this.inputs.forEach((input) => this.show(input));
  }

  get values() {
    return this.inputs.map((input) => input.valueAsNumber / 100);
  }

  set(k, value) {
    this.inputs[k].value = Math.round(100 * value);
    this.show(this.inputs[k]);
  }

  reset() {
    this.inputs.forEach((_, k) => this.set(k, 0));
  }

  show(input) {
    const value = input.valueAsNumber;
    input.style.setProperty("--filled", `${(100 * value) / Number(input.max)}%`);
    input.setAttribute("aria-valuetext", `${value} percent`);
    input.parentElement.querySelector("output").textContent = value ? `${value} %` : "off";
    input.parentElement.classList.toggle("on", value > 0);
  }
}
