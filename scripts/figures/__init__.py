"""Figures, drawn by matplotlib without a screen: what reports, pages and papers show.

Each function returns a `matplotlib.figure.Figure` that fits a column of print, or a page, with letters of at least 7
points, in colours that the colour-blind tell apart, and never by colour alone. What is seen in it, in words, is its
label (`figure.get_label()`). Write it with `figure.savefig("NAME.pdf", bbox_inches="tight")`, or any other format.

| file | what |
|---|---|
| scanpaths | scanpaths on pictures and on saliency: `scanpaths`, `overlays`, `heat` |
| strips | `view_strips`, `rotation_strips`, `attention_strips`, `neighbour_strips` |
| curves | `curves`, `losses`, `accuracy_by_views`, `displacement_by_views` |
| scores | `action_scores`, `front`, `accuracy_grid` |
| maps | of embeddings: `map_by_class`, `map_by_value` |
| films | of episodes, frame by frame: `film`, `as_gif`, `write_video` |
| task_films | of episodes of a task: `film_task` |
| style | colours, markers, sizes, `finish`, and files: `as_image`, `as_data_uri` |
"""

from .curves import accuracy_by_views, curves, displacement_by_views, losses
from .films import as_gif, film, write_video
from .maps import map_by_class, map_by_value
from .scanpaths import HEAT, heat, overlays, scanpaths
from .scores import accuracy_grid, action_scores, front
from .strips import attention_strips, neighbour_strips, rotation_strips, view_strips
from .style import as_data_uri, as_image
from .task_films import film_task

__all__ = [
    "HEAT",
    "accuracy_by_views",
    "accuracy_grid",
    "action_scores",
    "as_data_uri",
    "as_gif",
    "as_image",
    "attention_strips",
    "curves",
    "displacement_by_views",
    "film",
    "film_task",
    "front",
    "heat",
    "losses",
    "map_by_class",
    "map_by_value",
    "neighbour_strips",
    "overlays",
    "rotation_strips",
    "scanpaths",
    "view_strips",
    "write_video",
]
