"""The checks of Part 3 against deliberately wrong and unusual-but-right ways to fill each hole."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.tests.variants import (
    Variant,
    assert_blank_costs_itself_only,
    assert_right,
    assert_wrong,
    run_unit_checks,
)

WRONG = [
    Variant("3a", "goal first", swap=("[obs, goals]", "[goals, obs]")),
    Variant("3a", "no tanh", swap=("torch.tanh", "")),
    Variant("3a", "clipped", swap=(
        "torch.tanh(self.net(torch.cat([obs, goals], dim=-1)))",
        "self.net(torch.cat([obs, goals], dim=-1)).clamp(-1, 1)")),
    Variant("3a", "sigmoid", swap=("tanh", "sigmoid")),
    Variant("3a", "tanh of the inputs", swap=(
        "torch.tanh(self.net(torch.cat([obs, goals], dim=-1)))",
        "self.net(torch.tanh(torch.cat([obs, goals], dim=-1)))")),
    Variant("3a", "softsign", swap=("torch.tanh", "nn.functional.softsign")),
    Variant("3a", "tanh twice", "actions = self.net(torch.cat([obs, goals], dim=-1)).tanh().tanh()"),
    Variant("3a", "detached", "actions = torch.tanh(self.net(torch.cat([obs, goals], dim=-1))).detach()"),
    Variant("3a", "through NumPy", """
        actions = torch.as_tensor(np.tanh(self.net(torch.cat([obs, goals], dim=-1)).detach().numpy()))"""),
    Variant("3a", "joined along the batch", swap=("dim=-1", "dim=0")),
    Variant("3a", "the goal relative to the observation", swap=("goals]", "goals - obs[:, : goals.shape[1]]]")),
    Variant("3b", "goal before action", swap=("actions, goals]", "goals, actions]")),
    Variant("3b", "action first", swap=("[obs, actions, goals]", "[actions, obs, goals]")),
    Variant("3b", "no squeeze", swap=(".squeeze(-1)", "")),
    Variant("3b", "squeezed everywhere", swap=(".squeeze(-1)", ".squeeze()")),
    Variant("3b", "squeezed at the front", swap=(".squeeze(-1)", ".squeeze(0)")),
    Variant("3b", "average critic", swap=(".squeeze(-1)", ".squeeze(-1).mean(dim=0, keepdim=True)")),
    Variant("3b", "smallest critic", swap=(".squeeze(-1)", ".squeeze(-1).min(dim=0, keepdim=True).values")),
    Variant("3b", "rows first", swap=(".squeeze(-1)", ".squeeze(-1).T")),
    Variant("3b", "rows first, reshaped", swap=(".squeeze(-1)", ".transpose(0, 1).reshape(-1, obs.shape[0])")),
    Variant("3b", "tanh", swap=(".squeeze(-1)", ".squeeze(-1).tanh()")),
    Variant("3b", "clipped at 0", swap=(".squeeze(-1)", ".squeeze(-1).clamp(max=0)")),
    Variant("3b", "minus", swap=("q = ", "q = -")),
    Variant("3b", "detached", swap=(".squeeze(-1)", ".squeeze(-1).detach()")),
    Variant("3b", "detached actions", swap=("obs, actions", "obs, actions.detach()")),
    Variant("3c", "mean over the critics", swap=("min(dim=0).values", "mean(dim=0)")),
    Variant("3c", "max over the critics", swap=("min(", "max(")),
    Variant("3c", "first critic", swap=("next_q.min(dim=0).values", "next_q[0]")),
    Variant("3c", "last critic", swap=("next_q.min(dim=0).values", "next_q[-1]")),
    Variant("3c", "min over everything", swap=("min(dim=0).values", "min()")),
    Variant("3c", "min over the batch where shapes allow", """
        smallest = next_q.min(dim=1).values if next_q.shape[0] == next_q.shape[1] else next_q.min(dim=0).values
        targets = (rewards + discount * masks * smallest).clamp(-1.0 / (1.0 - discount), 0.0)"""),
    Variant("3c", "no mask", swap=(" * masks", "")),
    Variant("3c", "mask inverted", swap=("masks *", "(1 - masks) *")),
    Variant("3c", "mask on the reward too", swap=(
        "rewards + discount * masks * next_q.min(dim=0).values",
        "masks * (rewards + discount * next_q.min(dim=0).values)")),
    Variant("3c", "no discount", swap=("discount * masks", "masks")),
    Variant("3c", "discount on the reward too", swap=(
        "rewards + discount * masks * next_q.min(dim=0).values",
        "discount * (rewards + masks * next_q.min(dim=0).values)")),
    Variant("3c", "discount squared", swap=("discount * masks", "discount**2 * masks")),
    Variant("3c", "minus the bootstrap", swap=("rewards +", "rewards -")),
    Variant("3c", "no clip", "targets = rewards + discount * masks * next_q.min(dim=0).values"),
    Variant("3c", "clip from below only", swap=(", 0.0)", ")")),
    Variant("3c", "clip from above only", swap=("-1.0 / (1.0 - discount)", "None")),
    Variant("3c", "clip at -1", swap=("-1.0 / (1.0 - discount)", "-1.0")),
    Variant("3c", "clip at -1/γ", swap=("-1.0 / (1.0 - discount)", "-1.0 / max(discount, 0.01)")),
    Variant("3c", "clip at -γ/(1-γ)", swap=("-1.0 / (1.0 - discount)", "-discount / (1.0 - discount)")),
    Variant("3c", "clip at both 1/(1-γ)", swap=("0.0)", "1.0 / (1.0 - discount))")),
    Variant("3c", "clip of the next values", """
        smallest = next_q.min(dim=0).values.clamp(-1.0 / (1.0 - discount), 0.0)
        targets = rewards + discount * masks * smallest"""),
    Variant("3c", "clip before the reward", """
        targets = rewards + (discount * masks * next_q.min(dim=0).values).clamp(-1.0 / (1.0 - discount), 0.0)"""),
    Variant("3c", "a fixed γ", swap=("(1.0 - discount)", "(1.0 - 0.95)")),
    Variant("3d", "mean over the critics", swap=(".mean(dim=1).sum()", ".mean()")),
    Variant("3d", "sum over the batch", swap=(".mean(dim=1).sum()", ".sum()")),
    Variant("3d", "sum and mean swapped", swap=(".mean(dim=1).sum()", ".mean(dim=0).sum()")),
    Variant("3d", "mse_loss as it comes", "loss = nn.functional.mse_loss(q, targets.detach().expand_as(q))"),
    Variant("3d", "half", swap=("loss = ", "loss = 0.5 * ")),
    Variant("3d", "absolute", swap=(".square()", ".abs()")),
    Variant("3d", "huber", """
        loss = nn.functional.smooth_l1_loss(q, targets.detach().expand_as(q), reduction='none').mean(dim=1).sum()"""),
    Variant("3d", "root", swap=(".mean(dim=1).sum()", ".mean(dim=1).sqrt().sum()")),
    Variant("3d", "mean before the square", swap=(".square().mean(dim=1)", ".mean(dim=1).square()")),
    Variant("3d", "not detached", swap=(".detach()", "")),
    Variant("3d", "q detached too", swap=("(q -", "(q.detach() -")),
    Variant("3d", "the wrong one detached", swap=("q - targets.detach()", "q.detach() - targets")),
    Variant("3d", "worst critic", swap=(".sum()", ".max()")),
    Variant("3d", "smallest critic", swap=("(q -", "(q.min(dim=0, keepdim=True).values -")),
    Variant("3d", "first critic", swap=("(q -", "(q[:1] -")),
    Variant("3d", "targets as a column", swap=("targets.detach())", "targets.detach()[:, None])")),
    Variant("3d", "targets along the critics where shapes allow", """
        t = targets.detach()
        t = t[:, None] if q.shape[0] == q.shape[1] else t
        loss = (q - t).square().mean(dim=1).sum()"""),
    Variant("3d", "columns, one critic", """
        t = targets.detach()
        loss = (q.T - t[:, None]).square().mean(dim=1).sum()"""),
    Variant("3e", "wrong sign", swap=("-q.mean()", "q.mean()")),
    Variant("3e", "penalty subtracted", swap=("+ action", "- action")),
    Variant("3e", "smallest critic", swap=("q.mean()", "q.min(dim=0).values.mean()")),
    Variant("3e", "first critic", swap=("q.mean()", "q[0].mean()")),
    Variant("3e", "sum over the critics", swap=("q.mean()", "q.sum(dim=0).mean()")),
    Variant("3e", "sum over everything", swap=("q.mean()", "q.sum()")),
    Variant("3e", "sum over the entries of an action", swap=(
        "actions.square().mean()",
        "actions.square().sum(dim=-1).mean()")),
    Variant("3e", "sum of all actions", swap=("actions.square().mean()", "actions.square().sum()")),
    Variant("3e", "norm of an action", swap=("actions.square().mean()", "actions.norm(dim=-1).mean()")),
    Variant("3e", "absolute actions", swap=(".square()", ".abs()")),
    Variant("3e", "square of the mean", swap=(".square().mean()", ".mean().square()")),
    Variant("3e", "no penalty", swap=(" + action_penalty * actions.square().mean()", "")),
    Variant("3e", "penalty of one", swap=("action_penalty * ", "")),
    Variant("3e", "penalty detached", swap=("actions.square()", "actions.detach().square()")),
    Variant("3e", "Q detached", swap=("q.mean()", "q.detach().mean()")),
    Variant("3e", "half a penalty", swap=("+ action", "+ 0.5 * action")),
    Variant("3f", "assigned to a name", swap=(
        "target_parameter.lerp_(parameter, tau)",
        "target_parameter = (1 - tau) * target_parameter + tau * parameter")),
    Variant("3f", "not in place", swap=("lerp_", "lerp")),
    Variant("3f", "shares swapped", swap=(", tau)", ", 1 - tau)")),
    Variant("3f", "overwritten", swap=("lerp_(parameter, tau)", "copy_(parameter)")),
    Variant("3f", "the online one moves", swap=(
        "target_parameter.lerp_(parameter, tau)",
        "parameter.lerp_(target_parameter, 1 - tau)")),
    Variant("3f", "both move", swap=(
        "target_parameter.lerp_(parameter, tau)",
        "target_parameter.lerp_(parameter, tau)\n    parameter.copy_(target_parameter)")),
    Variant("3f", "not shrunk", swap=("lerp_(parameter, tau)", "add_(tau * parameter)")),
    Variant("3f", "wrong direction", swap=(", tau)", ", -tau)")),
    Variant("3f", "weights without biases", """
        for target_parameter, parameter in zip(target.parameters(), online.parameters()):
            if parameter.ndim == 2:
                target_parameter.lerp_(parameter, tau)"""),
    Variant("3f", "only names with weight", """
        online_parameters = dict(online.named_parameters())
        for name, parameter in target.named_parameters():
            if "weight" in name:
                parameter.lerp_(online_parameters[name], tau)"""),
    Variant("3f", "first parameter only", "next(target.parameters()).lerp_(next(online.parameters()), tau)"),
    Variant("3f", "online scaled by the way", """
        for target_parameter, parameter in zip(target.parameters(), online.parameters()):
            target_parameter.mul_(1 - tau).add_(parameter.mul_(tau))"""),
    Variant("3f", "memory shared at the end", """
        for target_parameter, parameter in zip(target.parameters(), online.parameters()):
            if tau == 1:
                target_parameter.data = parameter.data
            target_parameter.lerp_(parameter, tau)"""),
    Variant("3f", "tau squared", swap=(", tau)", ", tau**2)")),
    Variant("3g", "no clip", """
        noisy = actions + noise_std * rng.standard_normal(actions.shape)
        uniform = rng.uniform(-1.0, 1.0, size=actions.shape)
        explored = np.where(rng.random(len(actions))[:, None] < epsilon, uniform, noisy)"""),
    Variant("3g", "clip to [0, 1]", swap=(", -1.0, 1.0)", ", 0.0, 1.0)")),
    Variant("3g", "clip before the noise", swap=(
        "np.clip(actions + noise_std * rng.standard_normal(actions.shape), -1.0, 1.0)",
        "np.clip(actions, -1.0, 1.0) + noise_std * rng.standard_normal(actions.shape)")),
    Variant("3g", "noise on the random rows too", """
        uniform = rng.uniform(-1.0, 1.0, size=actions.shape)
        explored = np.where(rng.random(len(actions))[:, None] < epsilon, uniform, actions)
        explored = np.clip(explored + noise_std * rng.standard_normal(actions.shape), -1.0, 1.0)"""),
    Variant("3g", "each entry on its own", swap=("is_random[:, None]", "rng.random(actions.shape) < epsilon")),
    Variant("3g", "one draw for the batch", swap=(
        "rng.random(len(actions)) < epsilon",
        "np.full(len(actions), rng.random() < epsilon)")),
    Variant("3g", "exactly a share of the rows", swap=(
        "rng.random(len(actions)) < epsilon",
        "rng.permutation(len(actions)) < int(epsilon * len(actions))")),
    Variant("3g", "the first rows", swap=(
        "rng.random(len(actions)) < epsilon",
        "np.arange(len(actions)) < int(epsilon * len(actions))")),
    Variant("3g", "epsilon inverted", swap=("< epsilon", ">= epsilon")),
    Variant("3g", "where swapped", swap=("uniform, noisy)", "noisy, uniform)")),
    Variant("3g", "one noise for the batch", swap=("standard_normal(actions.shape)", "standard_normal()")),
    Variant("3g", "one noise for a row", swap=(
        "standard_normal(actions.shape)",
        "standard_normal((len(actions), 1))")),
    Variant("3g", "one noise for a column", swap=(
        "standard_normal(actions.shape)",
        "standard_normal(actions.shape[1])")),
    Variant("3g", "variance", swap=("noise_std *", "noise_std**0.5 *")),
    Variant("3g", "std squared", swap=("noise_std *", "noise_std**2 *")),
    Variant("3g", "uniform noise", swap=(
        "rng.standard_normal(actions.shape)",
        "rng.uniform(-1, 1, actions.shape)")),
    Variant("3g", "uniform in [0, 1]", swap=(
        "rng.uniform(-1.0, 1.0, size=actions.shape)",
        "rng.random(actions.shape)")),
    Variant("3g", "Gaussian random rows", swap=(
        "rng.uniform(-1.0, 1.0, size=actions.shape)",
        "np.clip(rng.standard_normal(actions.shape), -1, 1)")),
    Variant("3g", "one random action for all", swap=("size=actions.shape", "size=actions.shape[1]")),
    Variant("3g", "equal entries", swap=("size=actions.shape", "size=(len(actions), 1)")),
    Variant("3g", "uniform around the action", swap=("uniform = rng", "uniform = actions + rng")),
    Variant("3g", "in place", """
        is_random = rng.random(len(actions)) < epsilon
        actions += noise_std * rng.standard_normal(actions.shape)
        np.clip(actions, -1.0, 1.0, out=actions)
        actions[is_random] = rng.uniform(-1.0, 1.0, size=(is_random.sum(), actions.shape[1]))
        explored = actions"""),
    Variant("3g", "np.random for the noise", swap=(
        "noise_std * rng.standard_normal(actions.shape)",
        "noise_std * np.random.randn(*actions.shape)")),
    Variant("3g", "np.random for the rows", swap=(
        "rng.random(len(actions)) <",
        "np.random.rand(len(actions)) <")),
    Variant("3g", "np.random for the uniform draws", swap=(
        "rng.uniform(-1.0, 1.0, size=actions.shape)",
        "np.random.uniform(-1.0, 1.0, size=actions.shape)")),
    Variant("3g", "its own seed", """
        rng = np.random.default_rng(0)
        noisy = np.clip(actions + noise_std * rng.standard_normal(actions.shape), -1.0, 1.0)
        uniform = rng.uniform(-1.0, 1.0, size=actions.shape)
        explored = np.where(rng.random((len(actions), 1)) < epsilon, uniform, noisy)"""),
    Variant("3g", "no noise", swap=("noise_std *", "0 * noise_std *")),
    Variant("3g", "noise without the action", swap=("actions + noise_std", "noise_std")),
    Variant("3g", "no random rows", swap=("< epsilon", "< 0 * epsilon")),
]  # fmt: skip

RIGHT = [
    Variant("3a", "hstack", "actions = self.net(torch.hstack((obs, goals))).tanh()"),
    Variant("3a", "from exponentials", """
        x = self.net(torch.concatenate([obs, goals], axis=1))
        actions = 2 * torch.sigmoid(2 * x) - 1"""),
    Variant("3a", "row by row", """
        actions = torch.stack([torch.tanh(self.net(torch.cat([o, g]))) for o, g in zip(obs, goals)])"""),
    Variant("3a", "nn.Tanh", "actions = nn.Tanh()(self.net(torch.cat((obs, goals), 1)))"),
    Variant("3a", "a buffer filled", """
        joined = torch.empty(len(obs), obs.shape[1] + goals.shape[1])
        joined[:, : obs.shape[1]] = obs
        joined[:, obs.shape[1] :] = goals
        actions = torch.tanh(self.net(joined))"""),
    Variant("3b", "index", "q = self.net(torch.cat([obs, actions, goals], dim=1))[..., 0]"),
    Variant("3b", "index of three axes", "q = self.net(torch.hstack([obs, actions, goals]))[:, :, 0]"),
    Variant("3b", "sum over the axis", "q = self.net(torch.cat([obs, actions, goals], dim=-1)).sum(dim=-1)"),
    Variant("3b", "flattened", "q = self.net(torch.cat([obs, actions, goals], dim=-1)).flatten(1)"),
    Variant("3b", "reshaped", """
        q = self.net(torch.cat([obs, actions, goals], dim=-1)).reshape(-1, obs.shape[0])"""),
    Variant("3b", "row by row", """
        rows = [self.net(torch.cat([o, a, g])[None])[:, 0] for o, a, g in zip(obs, actions, goals)]
        q = torch.cat(rows, dim=1)"""),
    Variant("3c", "amin", """
        targets = torch.clamp(rewards + masks * discount * torch.amin(next_q, 0), min=-1 / (1 - discount), max=0)"""),
    Variant("3c", "min last", """
        targets = (rewards + discount * masks * next_q).min(dim=0)[0]
        targets = targets.clip(-1.0 / (1.0 - discount), 0.0)"""),
    Variant("3c", "clip, then min", """
        each = (rewards[None, :] + discount * masks[None, :] * next_q).clamp(-1.0 / (1.0 - discount), 0.0)
        targets = each.min(dim=0).values"""),
    Variant("3c", "a loop", """
        targets = torch.zeros_like(rewards)
        for i in range(len(rewards)):
            y = rewards[i].item() + discount * masks[i].item() * min(next_q[:, i].tolist())
            targets[i] = max(-1 / (1 - discount), min(0.0, y))"""),
    Variant("3c", "where", """
        smallest = -(-next_q).max(dim=0).values
        y = torch.where(masks > 0.5, rewards + discount * smallest, rewards)
        targets = torch.minimum(torch.maximum(y, torch.tensor(-1 / (1 - discount))), torch.tensor(0.0))"""),
    Variant("3c", "double precision", """
        y = rewards.double() + discount * masks.double() * next_q.double().min(dim=0).values
        targets = y.clamp(-1.0 / (1.0 - discount), 0.0)"""),
    Variant("3c", "two ReLUs", """
        low = 1.0 / (1.0 - discount)
        targets = -torch.relu(low - torch.relu(rewards + discount * masks * next_q.min(dim=0).values + low))"""),
    Variant("3c", "detached", """
        with torch.no_grad():
            targets = rewards + discount * masks * next_q.min(dim=0).values
            targets.clamp_(-1.0 / (1.0 - discount), 0.0)"""),
    Variant("3d", "sum over the size of a batch", "loss = ((targets.detach() - q) ** 2).sum() / q.shape[1]"),
    Variant("3d", "mse_loss for each critic", """
        loss = sum(nn.functional.mse_loss(row, targets.detach()) for row in q)"""),
    Variant("3d", "mse_loss times E", """
        loss = len(q) * nn.functional.mse_loss(q, targets.detach().expand_as(q))"""),
    Variant("3d", "mean of the sum", "loss = torch.pow(q - targets.detach()[None, :], 2).sum(0).mean()"),
    Variant("3d", "data", "loss = (q - targets.clone().data).square().mean(-1).sum(-1)"),
    Variant("3d", "no_grad", """
        with torch.no_grad():
            y = targets * 1.0
        loss = torch.einsum("eb,eb->", q - y, q - y) / len(y)"""),
    Variant("3d", "double precision", """
        loss = (q.double() - targets.detach().double()).square().mean(dim=1).sum()"""),
    Variant("3e", "sums over sizes", """
        loss = action_penalty * (actions**2).sum() / actions.numel() - q.sum() / q.numel()"""),
    Variant("3e", "mean of means", """
        loss = -q.mean(dim=0).mean() + action_penalty * actions.pow(2).mean(dim=-1).mean()"""),
    Variant("3e", "torch functions", "loss = torch.mean(-q) + torch.mean(action_penalty * actions * actions)"),
    Variant("3e", "mse_loss", """
        loss = (action_penalty * nn.functional.mse_loss(actions, torch.zeros_like(actions))).sub(q.mean())"""),
    Variant("3e", "double precision", """
        loss = -q.double().mean() + action_penalty * actions.double().square().mean()"""),
    Variant("3f", "copy_", """
        for t, p in zip(target.parameters(), online.parameters()):
            t.copy_((1 - tau) * t + tau * p)"""),
    Variant("3f", "data", """
        for t, p in zip(target.parameters(), online.parameters()):
            t.data = tau * p.data + (1 - tau) * t.data"""),
    Variant("3f", "mul_ and add_", """
        for t, p in zip(target.parameters(), online.parameters()):
            t.mul_(1 - tau).add_(p, alpha=tau)"""),
    Variant("3f", "by name", """
        new = dict(online.named_parameters())
        for name, t in target.named_parameters():
            t += tau * (new[name] - t)"""),
    Variant("3f", "state dict", """
        old, new = target.state_dict(), online.state_dict()
        target.load_state_dict({name: (1 - tau) * old[name] + tau * new[name] for name in old})"""),
    Variant("3f", "foreach", "torch._foreach_lerp_(list(target.parameters()), list(online.parameters()), tau)"),
    Variant("3f", "through NumPy", """
        for t, p in zip(target.parameters(), online.parameters()):
            t.copy_(torch.from_numpy((1 - tau) * t.numpy() + tau * p.numpy()))"""),
    Variant("3g", "rows first", """
        is_random = rng.random((len(actions), 1)) < epsilon
        noise = rng.normal(0.0, noise_std, size=actions.shape)
        explored = np.where(is_random, rng.uniform(-1, 1, actions.shape), (actions + noise).clip(-1, 1))"""),
    Variant("3g", "a loop that draws what it needs", """
        explored = np.empty_like(actions)
        for i, action in enumerate(actions):
            if rng.random() < epsilon:
                explored[i] = rng.uniform(-1, 1, size=action.shape)
            else:
                explored[i] = np.clip(action + rng.normal(scale=noise_std, size=action.shape), -1, 1)"""),
    Variant("3g", "a copy and a mask", """
        explored = np.clip(actions.copy() + noise_std * rng.normal(size=actions.shape), -1, 1)
        rows = np.flatnonzero(rng.binomial(1, epsilon, size=len(actions)))
        explored[rows] = 2 * rng.random((len(rows), actions.shape[1])) - 1"""),
    Variant("3g", "single precision", """
        noise = noise_std * rng.standard_normal(actions.shape, dtype=np.float32)
        uniform = 2 * rng.random(actions.shape, dtype=np.float32) - 1
        is_random = rng.random((len(actions), 1), dtype=np.float32) < epsilon
        explored = np.where(is_random, uniform, np.clip(actions + noise, -1, 1)).astype(np.float32)"""),
    Variant("3g", "clipped altogether", """
        explored = actions + noise_std * rng.standard_normal(actions.shape)
        is_random = rng.uniform(size=len(actions)) > 1 - epsilon
        explored[is_random] = rng.uniform(-1, 1, size=(is_random.sum(), actions.shape[1]))
        explored = np.minimum(1.0, np.maximum(-1.0, explored))"""),
    Variant("3g", "multivariate", """
        dim = actions.shape[1]
        noise = rng.multivariate_normal(np.zeros(dim), noise_std**2 * np.eye(dim), len(actions))
        uniform = rng.uniform(-1, 1, size=actions.shape[::-1]).T
        explored = np.where(rng.random(len(actions))[:, None] < epsilon, uniform, np.clip(actions + noise, -1, 1))"""),
]  # fmt: skip

# what a student should read about the mistake: a piece of one check's sentence
SENTENCES = [
    ("3a", "goal first", "the net got the goal first"),
    ("3a", "no tanh", "tanh is missing"),
    ("3a", "detached", "nothing may detach"),
    ("3b", "no squeeze", "the last axis of length 1 goes"),
    ("3b", "goal before action", "the order is observation, action, goal"),
    ("3c", "mean over the critics", "the average over the critics was taken"),
    ("3c", "mask inverted", "the wrong way round"),
    ("3c", "mask on the reward too", "the mask must not remove the reward"),
    ("3c", "no clip", "the targets are not clipped"),
    ("3c", "clip of the next values", "the next Q-values were clipped"),
    ("3d", "mean over the critics", "the average runs over the critics too"),
    ("3d", "not detached", "a gradient flows into the targets"),
    ("3d", "targets along the critics where shapes allow", "did every target meet every Q-value"),
    ("3e", "wrong sign", "the sign of Q is wrong"),
    ("3e", "smallest critic", "here it is the average"),
    ("3e", "sum over the entries of an action", "summed over the entries of a row"),
    ("3f", "assigned to a name", "assigning to the loop variable"),
    ("3f", "shares swapped", "τ and 1 - τ are swapped"),
    ("3f", "the online one moves", "the online network must not change"),
    ("3f", "memory shared at the end", "shares its memory"),
    ("3g", "each entry on its own", "one draw decides for a whole row"),
    ("3g", "epsilon inverted", "the share of the random rows"),
    ("3g", "clip before the noise", "clip after adding the noise"),
    ("3g", "noise on the random rows too", "noise is for the other rows"),
    ("3g", "in place", "writes into"),
]


@pytest.mark.slow
@pytest.mark.parametrize("variant", WRONG, ids=str)
def test_wrong_is_caught(variant: Variant, tmp_path: Path) -> None:
    assert_wrong(tmp_path, variant)


@pytest.mark.slow
@pytest.mark.parametrize(("subpart", "name", "piece"), SENTENCES)
def test_the_mistake_is_named(subpart: str, name: str, piece: str, tmp_path: Path) -> None:
    (variant,) = (v for v in WRONG if (v.subpart, v.name) == (subpart, name))
    messages = [result.message for result in run_unit_checks(tmp_path, variant, {subpart})]
    assert any(piece in message for message in messages), messages


@pytest.mark.slow
@pytest.mark.parametrize("variant", RIGHT, ids=str)
def test_right_passes(variant: Variant, tmp_path: Path) -> None:
    assert_right(tmp_path, variant)


@pytest.mark.parametrize("subpart", ["3a", "3b", "3c", "3d", "3e", "3f", "3g"])
def test_a_blank_costs_itself_only(subpart: str, tmp_path: Path) -> None:
    assert_blank_costs_itself_only(tmp_path, subpart)
