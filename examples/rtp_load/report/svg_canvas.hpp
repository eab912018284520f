/// \file
/// Drawing into an SVG file.
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace load {

struct svg_point {
    double x = 0, y = 0;
};

/// Coordinates are pixels, from the upper left corner. Styles are presentation attributes, such as
/// `fill="red"`.
class svg_canvas {
public:
    svg_canvas(std::ostream& out, int width, int height, std::string_view title);
    /// Writes the end of the file.
    ~svg_canvas();
    svg_canvas(const svg_canvas&) = delete;
    svg_canvas& operator=(const svg_canvas&) = delete;

    void rectangle(svg_point upper_left, double width, double height, std::string_view style);
    void line(svg_point from, svg_point to, std::string_view style);
    void polyline(const std::vector<svg_point>& points, std::string_view style);
    void text(svg_point at, std::string_view text, std::string_view style);
    /// Reads upwards, centred on \p at.
    void upright_text(svg_point at, std::string_view text, std::string_view style);

private:
    std::ostream& out_;
};

/// Maps values to pixels.
struct svg_axis {
    double low, high;   ///< values
    double start, stop; ///< pixels

    double operator()(double value) const {
        return start + (stop - start) * (value - low) / (high - low);
    }
};

/// The smallest step of 1, 2 or 5 times a power of ten that divides \p span into at most \p most
/// parts.
double round_step(double span, int most);

} // namespace load
