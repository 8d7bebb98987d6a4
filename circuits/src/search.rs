//! [`Layout::search`]: the lanes of a circuit, by a price that is handed in.
//!
//! What a proof costs is known to the prover, and what checking it costs to the verifier: this crate counts rows and knows neither.

use assay_models::QuantizedGraph;

use crate::columns::Lanes;
use crate::error::CircuitError;
use crate::layout::{Layout, planned};
use crate::plan::Plan;
use crate::sketch::Sketch;

/// Lanes that were tried for a graph.
#[derive(Debug)]
pub struct Tried {
    /// The lanes.
    pub lanes: Lanes,
    /// The size of their circuit, or why there is none.
    pub sketch: Result<Sketch, CircuitError>,
    /// Its price; none where there is no circuit.
    pub price: Option<f64>,
}

/// The circuit of the least price.
#[derive(Debug)]
pub struct Found {
    /// The circuit.
    pub layout: Layout,
    /// All lanes that were tried, in the order in which they were given.
    pub tried: Vec<Tried>,
}

impl Layout {
    /// The circuit of a graph in those of some lanes for which it has the least price; of equal prices the first. The columns of no other are
    /// made, and a plan is made once for each number of activation lanes and parts of remainders.
    ///
    /// # Errors
    /// As [`Plan::of`]; [`CircuitError::TooManyRows`] or [`CircuitError::TableTooLarge`], with the fewest rows, where no lanes hold the graph; errors of `price`.
    pub fn search<E: From<CircuitError>>(
        graph: &QuantizedGraph,
        candidates: &[Lanes],
        mut price: impl FnMut(&Sketch) -> Result<f64, E>,
    ) -> Result<Found, E> {
        let mut plans: Vec<([usize; 2], Result<Plan, Refusal>)> = Vec::new();
        let mut tried = Vec::new();
        let made_for = |lanes: &Lanes| [lanes.activations, lanes.parts];
        for lanes in candidates {
            if !plans.iter().any(|(of, _)| *of == made_for(lanes)) {
                plans.push((made_for(lanes), refusal_or(planned(graph, *lanes))?));
            }
            let plan = plans.iter().find(|(of, _)| *of == made_for(lanes));
            let sketch = match plan {
                Some((_, Ok(plan))) => refusal_or(Sketch::of(plan, *lanes))?,
                Some((_, Err(refusal))) => Err(refusal.clone()),
                None => {
                    return Err(CircuitError::Invariant("a plan for each number of activation lanes and parts").into());
                }
            };
            let sketch = sketch.map_err(CircuitError::from);
            let price = sketch.as_ref().ok().map(&mut price).transpose()?;
            tried.push(Tried { lanes: *lanes, sketch, price });
        }
        if tried.iter().all(|tried| tried.price.is_none()) {
            return Err(smallest_refusal(tried).into());
        }
        let prices = tried.iter().filter_map(|tried| Some((tried.lanes, tried.price?)));
        let least = prices.min_by(|(_, price), (_, other)| price.total_cmp(other));
        let (lanes, _) = least.ok_or(CircuitError::Invariant("some circuit has a price"))?;
        let plan = plans.into_iter().find(|(of, _)| *of == made_for(&lanes));
        let Some((_, Ok(plan))) = plan else {
            return Err(CircuitError::Invariant("a circuit that is taken has a plan").into());
        };
        Ok(Found { layout: Self::with_columns(plan, lanes)?, tried })
    }
}

/// What other lanes may not ask for.
#[derive(Clone)]
enum Refusal {
    /// So many rows.
    Rows(usize),
    /// Several activation lanes.
    OneLane { node: String },
    /// Lookup tables that remainders in more parts do without.
    Table { node: String, rows: u128, limit: u128, divisor: u64 },
}

impl From<Refusal> for CircuitError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Rows(rows) => Self::too_many_rows(rows),
            Refusal::OneLane { node } => Self::OneLane { node },
            Refusal::Table { node, rows, limit, divisor } => Self::TableTooLarge { node, rows, limit, divisor },
        }
    }
}

/// More lanes may do with fewer rows, and more parts with smaller tables: only what all lanes refuse is an error.
fn refusal_or<T>(result: Result<T, CircuitError>) -> Result<Result<T, Refusal>, CircuitError> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(CircuitError::TooManyRows { rows, .. }) => Ok(Err(Refusal::Rows(rows))),
        Err(CircuitError::OneLane { node }) => Ok(Err(Refusal::OneLane { node })),
        Err(CircuitError::TableTooLarge { node, rows, limit, divisor }) => {
            Ok(Err(Refusal::Table { node, rows, limit, divisor }))
        }
        Err(other) => Err(other),
    }
}

/// The refusal with the fewest rows.
fn smallest_refusal(tried: Vec<Tried>) -> CircuitError {
    let refusals = tried.into_iter().filter_map(|tried| tried.sketch.err());
    let rows = |refusal: &CircuitError| match refusal {
        CircuitError::TooManyRows { rows, .. } => *rows as u128,
        CircuitError::TableTooLarge { rows, .. } => *rows,
        _ => u128::MAX,
    };
    refusals.min_by_key(rows).unwrap_or(CircuitError::Invariant("some number of lanes is tried"))
}
