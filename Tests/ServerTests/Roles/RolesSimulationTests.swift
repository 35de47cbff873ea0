import TestSupport
import Testing

/// What must hold for three servers' roles, whatever the network, the disks and the operators do.
@Suite("Roles: simulation")
struct RolesSimulationTests {
    private static let steps = 100_000

    @Test(
        "never two leaders by one authority, nothing acknowledged is lost by a handover, no handover is stuck",
        arguments: Torture.seeds(1, orTorture: 20))
    func holds(seed: UInt64) throws {
        let simulation = try RolesSimulation(seed: seed)
        try simulation.run(steps: Self.steps)
        let figures = simulation.figures
        print("roles (seed \(seed)): \(Self.steps) steps, \(figures)")
        // The interesting events did happen.
        #expect(figures.commits > 500 && figures.handovers > 10 && figures.failedHandovers > 10)
        #expect(figures.promotions > 5 && figures.crashes > 20 && figures.replacements > 5 && figures.refusedNotes > 5)
    }

    @Test(
        "a rule that the harness breaks is found",
        arguments: [(PlantedDefect.actsBeforeWritten, seed: 4 as UInt64), (.countsOtherHistory, seed: 6)])
    func findsDefects(defect: PlantedDefect, seed: UInt64) throws {
        // These seeds find it at once; another version of the rules may need more.
        for seed in seed..<seed + 10 {
            do {
                try RolesSimulation(seed: seed, defect: defect).run(steps: Self.steps)
            } catch let violation as RolesViolation {
                return print("planted \(defect) (seed \(seed)): \(violation)")
            }
        }
        Issue.record("\(defect) was not found")
    }
}
